// Posting to a real server: what arrives there, and what is made of its answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Poster, type PosterOptions, type PostResult } from "../../src/notify/post.ts";
import { type Answer, WebhookReceiver } from "../support/webhook-receiver.ts";

const MESSAGE = { contentType: "application/vnd.test+json", body: '{"who":"Zoë"}' };
const SIGNATURE = { "webhook-id": "msg_1", "webhook-signature": "v1,abc" };

function poster(url: string, changes: Partial<PosterOptions> = {}): Poster & AsyncDisposable {
  const made = new Poster({ url, headers: {}, timeoutMs: 10_000, userAgent: "stowage/test", ...changes });
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.close() });
}

function send(to: Poster, signal?: AbortSignal): Promise<PostResult> {
  return to.post(MESSAGE, { headers: SIGNATURE, ...(signal !== undefined && { signal }) });
}

/** What one POST to such a receiver comes to. */
async function resultOf(answer: Answer, changes: Partial<PosterOptions> = {}): Promise<PostResult> {
  await using receiver = await WebhookReceiver.start(answer);
  await using to = poster(`${receiver.url}/hook`, changes);
  return await send(to);
}

test("the message arrives whole, with its headers and the configured ones", async () => {
  await using receiver = await WebhookReceiver.start(() => 202);
  const headers = { Authorization: ["Bearer secret"], "X-Two": ["a", "b"], "X-None": [] };
  await using to = poster(`${receiver.url}/hook?token=1`, { headers });
  assert.deepEqual(await send(to), { kind: "answered", status: 202 });
  const [request] = receiver.requests;
  assert.equal(request?.method, "POST");
  assert.equal(request?.path, "/hook?token=1");
  assert.equal(request?.body, MESSAGE.body);
  assert.equal(request?.headers["content-type"], MESSAGE.contentType);
  assert.equal(request?.headers["content-length"], String(Buffer.byteLength(MESSAGE.body)));
  assert.equal(request?.headers["user-agent"], "stowage/test");
  assert.equal(request?.headers.authorization, "Bearer secret");
  assert.equal(request?.headers["x-two"], "a, b");
  assert.equal(request?.headers["x-none"], undefined);
  assert.equal(request?.headers["webhook-id"], "msg_1");
  assert.equal(request?.headers.cookie, undefined);
});

test("a configured header takes the place of ours, but not of a signature or the connection's", async () => {
  await using receiver = await WebhookReceiver.start();
  const headers = {
    "Content-Type": ["application/json"],
    "USER-AGENT": ["mine"],
    "Webhook-Signature": ["forged"],
    "Content-Length": ["1"],
    "Transfer-Encoding": ["chunked"],
    Connection: ["close"],
  };
  await using to = poster(receiver.url, { headers });
  assert.deepEqual(await send(to), { kind: "answered", status: 200 });
  const [request] = receiver.requests;
  assert.equal(request?.headers["content-type"], "application/json");
  assert.equal(request?.headers["user-agent"], "mine");
  assert.equal(request?.headers["webhook-signature"], "v1,abc");
  assert.equal(request?.body, MESSAGE.body);
});

test("user info in the URL is sent as Basic credentials, unless others are configured", async () => {
  await using receiver = await WebhookReceiver.start();
  const url = receiver.url.replace("//", "//al%40ice:p%3Aw%25@");
  await using plain = poster(url);
  await using other = poster(url, { headers: { authorization: ["Bearer x"] } });
  await send(plain);
  await send(other);
  const basic = `Basic ${Buffer.from("al@ice:p:w%").toString("base64")}`;
  assert.deepEqual(
    receiver.requests.map(({ headers }) => headers.authorization),
    [basic, "Bearer x"],
  );
});

test("a URL that is none, or not of HTTP, is refused at once", () => {
  assert.throws(() => poster("nowhere"), /Invalid URL/);
  assert.throws(
    () => poster("ftp://user:secret@a.example/x?secret"),
    /^TypeError: cannot post to ftp:\/\/a\.example\/x\?…$/,
  );
});

test("a time longer than timers have is a long time", async () => {
  assert.deepEqual(await resultOf(() => 200, { timeoutMs: 2 ** 40 }), { kind: "answered", status: 200 });
});

test("one connection serves many messages", async () => {
  await using receiver = await WebhookReceiver.start(() => ({ status: 200, body: "x".repeat(60_000) }));
  await using to = poster(receiver.url);
  for (let count = 0; count < 5; count++) await send(to);
  assert.equal(receiver.connections, 1);
});

test("messages at the same time have a connection each and are all answered", async () => {
  await using receiver = await WebhookReceiver.start((_, count) => ({
    status: 200,
    delayMs: count === 1 ? 200 : 0,
  }));
  await using to = poster(receiver.url);
  const results = await Promise.all([send(to), send(to), send(to)]);
  assert.deepEqual(new Set(results.map(({ kind }) => kind)), new Set(["answered"]));
  await send(to);
  assert.equal(receiver.connections, 3);
});

for (const status of [200, 204, 303, 304, 400, 404, 410, 500, 599]) {
  test(`status ${status} is returned as it is`, async () => {
    assert.deepEqual(await resultOf(() => status), { kind: "answered", status });
  });
}

for (const status of [301, 302, 307, 308]) {
  test(`${status} is followed with the same POST`, async () => {
    await using receiver = await WebhookReceiver.start(({ path }) =>
      path === "/new" ? 200 : { status, headers: { Location: "/new" } },
    );
    await using to = poster(`${receiver.url}/hook`, { headers: { Authorization: ["Bearer secret"] } });
    assert.deepEqual(await send(to), { kind: "answered", status: 200 });
    const [first, second] = receiver.requests;
    assert.equal(second?.path, "/new");
    for (const member of ["method", "body"] as const) assert.equal(second?.[member], first?.[member]);
    assert.deepEqual(second?.headers, first?.headers);
    assert.equal(receiver.connections, 1);
  });
}

test("a redirect without a Location is a failure", async () => {
  const error = "the receiver answered 307 without a place to go to";
  assert.deepEqual(await resultOf(() => 307), { kind: "failed", error });
});

test("a stranger gets the message and its signature, but no configured header, not even back home", async () => {
  await using stranger = await WebhookReceiver.start();
  await using receiver = await WebhookReceiver.start(({ path }) =>
    path === "/home" ? 200 : { status: 307, headers: { Location: `${stranger.url}/x` } },
  );
  stranger.answer = () => ({ status: 307, headers: { Location: `${receiver.url}/home` } });
  const headers = { Authorization: ["Bearer secret"], "Content-Type": ["application/json"] };
  await using to = poster(receiver.url.replace("//", "//user:password@"), { headers });
  assert.deepEqual(await send(to), { kind: "answered", status: 200 });
  const [request] = stranger.requests;
  const [, home] = receiver.requests;
  for (const seen of [request, home]) {
    assert.equal(seen?.headers.authorization, undefined);
    assert.equal(seen?.headers["content-type"], MESSAGE.contentType);
    assert.equal(seen?.headers["webhook-signature"], "v1,abc");
    assert.equal(seen?.body, MESSAGE.body);
  }
  await stranger.waitForNoConnections();
});

test("redirects in a circle are a failure", async () => {
  const answer: Answer = ({ path }) => ({
    status: 307,
    headers: { Location: path === "/a?secret" ? "/b" : "/a?secret" },
  });
  const result = await resultOf(answer);
  assert.equal(result.kind, "failed");
  assert.match(
    result.kind === "failed" ? result.error : "",
    /^redirects lead in a circle, back to http:\/\/127.0.0.1:\d+\/a\?…$/,
  );
});

test("five redirects are followed, a sixth is a failure", async () => {
  const chain =
    (length: number): Answer =>
    (_, count) =>
      count > length ? 200 : { status: 308, headers: { Location: `/${count}` } };
  assert.deepEqual(await resultOf(chain(5)), { kind: "answered", status: 200 });
  assert.deepEqual(await resultOf(chain(6)), { kind: "failed", error: "more than 5 redirects" });
});

test("redirects share the time of one attempt", async () => {
  const answer: Answer = (_, count) => ({ status: 307, headers: { Location: `/${count}` }, delayMs: 120 });
  assert.deepEqual(await resultOf(answer, { timeoutMs: 300 }), {
    kind: "failed",
    error: "no answer within 300 ms",
  });
});

const NOW = Date.parse("2026-11-20T18:15:28Z");
const WAITS = [
  { status: 429, value: "7", wait: 7000 },
  { status: 503, value: " 120 ", wait: 120_000 },
  { status: 503, value: "Fri, 20 Nov 2026 18:15:58 GMT", wait: 30_000 },
  { status: 503, value: "Fri, 20 Nov 2026 18:00:00 GMT", wait: 0 },
  { status: 429, value: "99999999999999999999999", wait: 86_400_000 },
  { status: 429, value: "-5", wait: undefined },
  { status: 429, value: "soon", wait: undefined },
  { status: 429, value: "2026-11-20", wait: undefined },
  { status: 500, value: "7", wait: undefined },
  { status: 200, value: "7", wait: undefined },
];

for (const { status, value, wait } of WAITS) {
  test(`Retry-After "${value}" with ${status} asks for ${wait ?? "no"} ms`, async () => {
    const result = await resultOf(() => ({ status, headers: { "Retry-After": value } }), { now: () => NOW });
    assert.deepEqual(result, { kind: "answered", status, ...(wait !== undefined && { retryAfterMs: wait }) });
  });
}
