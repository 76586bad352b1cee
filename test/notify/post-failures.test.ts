// Receivers that are not there, slow, broken or mean: every attempt ends in time, in
// words, and without secrets; the next one starts afresh.
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Poster, type PosterOptions, type PostResult } from "../../src/notify/post.ts";
import { eventually } from "../support/eventually.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { RawReceiver } from "./raw-receiver.ts";

const MESSAGE = { contentType: "application/json", body: "{}" };
const SECRET = "s3cr3t";
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

/** Every URL and header here carries a secret, which no result may show. */
class SecretPoster extends Poster implements AsyncDisposable {
  constructor(origin: string, changes: Partial<PosterOptions> = {}) {
    super({
      url: `${origin.replace("//", `//user:${SECRET}@`)}/hook?token=${SECRET}`,
      headers: { "X-Token": [SECRET] },
      timeoutMs: 10_000,
      userAgent: "stowage/test",
      ...changes,
    });
  }

  async send(signal?: AbortSignal): Promise<PostResult> {
    const options = { headers: { "webhook-signature": SECRET }, ...(signal !== undefined && { signal }) };
    const result = await this.post(MESSAGE, options);
    assert.ok(!JSON.stringify(result).includes(SECRET), JSON.stringify(result));
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function resultOf(serve: (socket: Socket) => void, timeoutMs = 10_000): Promise<PostResult> {
  await using receiver = await RawReceiver.start(serve);
  await using to = new SecretPoster(`http://${receiver.host}`, { timeoutMs });
  return await to.send();
}

function assertFailed(result: PostResult, words: RegExp): void {
  assert.equal(result.kind, "failed", JSON.stringify(result));
  assert.match(result.kind === "failed" ? result.error : "", words);
}

async function allClosed(sockets: readonly Socket[]): Promise<void> {
  await eventually("the end of all connections", async () =>
    sockets.length > 0 && sockets.every(({ destroyed }) => destroyed) ? true : undefined,
  );
}

test("nobody listens: the failure says so, and the next attempt finds who came meanwhile", async () => {
  const before = await WebhookReceiver.start();
  await before.close();
  await using to = new SecretPoster(before.url);
  assertFailed(await to.send(), /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  await using _receiver = await WebhookReceiver.start(() => 200, Number(new URL(before.url).port));
  assert.deepEqual(await to.send(), { kind: "answered", status: 200 });
});

test("an answer that does not come ends the attempt in time, and its connection", async () => {
  await using receiver = await WebhookReceiver.start((_, count) =>
    count === 1 ? { status: 200, delayMs: 60_000 } : 200,
  );
  await using to = new SecretPoster(receiver.url, { timeoutMs: 300 });
  const begin = Date.now();
  assert.deepEqual(await to.send(), { kind: "failed", error: "no answer within 300 ms" });
  assert.ok(Date.now() - begin < 5000);
  await receiver.waitForNoConnections();
  assert.deepEqual(await to.send(), { kind: "answered", status: 200 });
  assert.equal(receiver.connections, 2);
});

test("a connection that is never made ends in time, and leaves nothing", async () => {
  await using receiver = await RawReceiver.start(() => undefined); // takes the TLS greeting and is silent
  await using to = new SecretPoster(`https://${receiver.host}`, { timeoutMs: 300 });
  assert.deepEqual(await to.send(), { kind: "failed", error: "no answer within 300 ms" });
  await allClosed(receiver.sockets);
});

test("headers that come by drops end in time", async () => {
  const result = await resultOf((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nX-Slow: ");
    const drip = setInterval(() => socket.write("x"), 20);
    socket.once("close", () => clearInterval(drip));
  }, 400);
  assert.deepEqual(result, { kind: "failed", error: "no answer within 400 ms" });
});

test("a body that comes by drops does not change the answer, and ends in time", async () => {
  await using receiver = await RawReceiver.start((socket) => {
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    const drip = setInterval(() => socket.write("1\r\nx\r\n"), 20);
    socket.once("close", () => clearInterval(drip));
  });
  await using to = new SecretPoster(`http://${receiver.host}`, { timeoutMs: 400 });
  const begin = Date.now();
  assert.deepEqual(await to.send(), { kind: "answered", status: 200 });
  assert.ok(Date.now() - begin >= 390 && Date.now() - begin < 5000);
  await allClosed(receiver.sockets);
});

test("a body without an end is not read on, and its connection not kept", async () => {
  const chunk = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
  let sent = 0;
  await using receiver = await RawReceiver.start((socket) => {
    const flood = () => {
      while (!socket.destroyed && sent < 1e9) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on("drain", flood);
    socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
    flood();
  });
  await using to = new SecretPoster(`http://${receiver.host}`);
  assert.deepEqual(await to.send(), { kind: "answered", status: 200 });
  await allClosed(receiver.sockets);
  assert.ok(sent < 50e6, `${sent} bytes were taken`);
});

test("a body that says it is long is not waited for", async () => {
  const result = await resultOf((socket) => socket.write(`${HEAD}Content-Length: 99999999999\r\n\r\nx`));
  assert.deepEqual(result, { kind: "answered", status: 200 });
});

test("a connection that is reset or closed before the answer is a failure", async () => {
  const words = /^the connection was (?:reset|closed) before there was an answer$/;
  assertFailed(await resultOf((socket) => socket.resetAndDestroy()), words);
  assertFailed(await resultOf((socket) => socket.end()), words);
  assertFailed(await resultOf((socket) => socket.end("HTTP/1.1 200 OK\r\nX-Half")), words);
});

test("a connection that breaks within the body does not change the answer", async () => {
  const result = await resultOf((socket) => {
    socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`, () => setImmediate(() => socket.destroy()));
  });
  assert.deepEqual(result, { kind: "answered", status: 200 });
});

test("a kept connection that the receiver closes meanwhile is replaced", async () => {
  await using receiver = await RawReceiver.start((socket) => socket.end(`${HEAD}Content-Length: 0\r\n\r\n`));
  await using to = new SecretPoster(`http://${receiver.host}`);
  for (let count = 1; count <= 3; count++) {
    assert.deepEqual(await to.send(), { kind: "answered", status: 200 });
    await allClosed(receiver.sockets);
    assert.equal(receiver.sockets.length, count);
  }
});

test("an answer that is not HTTP is a failure that does not repeat it", async () => {
  assertFailed(await resultOf((socket) => socket.end(`SSH-2.0-${SECRET}\r\n`)), /^the answer is not HTTP$/);
});

test("headers without an end are a failure", async () => {
  const result = await resultOf((socket) => {
    socket.write(HEAD);
    for (let count = 0; count < 2000; count++) socket.write(`X-${count}: ${"x".repeat(100)}\r\n`);
  });
  assertFailed(result, /^the answer's headers are too long$/);
});

test("a configured value that is no header is a failure that names the header alone", async () => {
  await using receiver = await WebhookReceiver.start();
  await using to = new SecretPoster(receiver.url, { headers: { "X-Token": [`${SECRET}\r\nX-Other: 1`] } });
  assertFailed(await to.send(), /^invalid x-token header$/);
  assert.deepEqual(receiver.requests, []);
});

test("an aborted signal ends the attempt, before, during and whatever it is doing", async () => {
  await using receiver = await WebhookReceiver.start(() => ({ status: 200, delayMs: 60_000 }));
  await using to = new SecretPoster(receiver.url);
  const stopped = { kind: "failed", error: "stopped before there was an answer" };
  assert.deepEqual(await to.send(AbortSignal.abort()), stopped);
  assert.equal(receiver.requests.length, 0);
  const stop = new AbortController();
  const result = to.send(stop.signal);
  await receiver.waitFor(1);
  stop.abort();
  assert.deepEqual(await result, stopped);
  await receiver.waitForNoConnections();
});

test("close ends attempts under way and the kept connection; later ones fail", async () => {
  await using receiver = await WebhookReceiver.start((_, count) =>
    count === 1 ? 200 : { status: 200, delayMs: 60_000 },
  );
  const to = new SecretPoster(receiver.url);
  await to.send();
  assert.equal(receiver.openConnections, 1);
  const result = to.send();
  await receiver.waitFor(2);
  await to.close();
  assertFailed(await result, /^stopped/);
  await receiver.waitForNoConnections();
  assertFailed(await to.send(), /^stopped/);
  assert.equal(receiver.requests.length, 2);
  await to.close();
});

test("https to a port that speaks HTTP is a failure in words", async () => {
  await using receiver = await RawReceiver.start((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await using to = new SecretPoster(`https://${receiver.host}`);
  assertFailed(await to.send(), /^TLS: (?:wrong version number|packet length too long)$/);
});
