// The listener itself: who may ask for what, and how.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { type DebugPage, DebugServer, jsonAnswer } from "../../src/telemetry/debug-server.ts";
import { eventually } from "../support/eventually.ts";

const PAGES: readonly DebugPage[] = [
  { path: "/debug/one", about: "one", answer: ({ query }) => jsonAnswer({ a: query.get("a") }) },
  { path: "/debug/secret", about: "for us", isPrivate: true, answer: () => jsonAnswer("told") },
  {
    path: "/debug/broken",
    about: "fails",
    answer: () => {
      throw new Error("password=hunter2");
    },
  },
];

async function open(host = "127.0.0.1") {
  const reports: string[] = [];
  const report = (error: unknown, path: string) => void reports.push(`${path} ${error}`);
  const server = await DebugServer.open({ host, port: 0, pages: PAGES, report });
  return { server, reports, [Symbol.asyncDispose]: () => server.close() };
}

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(
  { server }: { readonly server: DebugServer },
  { path, method = "GET", headers = {} }: Asked,
) {
  const sent = request({ host: "127.0.0.1", port: server.address.port, path, method, headers, agent: false });
  sent.end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

test("pages are read with GET and HEAD, and with nothing else", async () => {
  await using debug = await open();
  const answer = await ask(debug, { path: "/debug/one?a=1" });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), { a: "1" });
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
  const head = await ask(debug, { path: "/debug/one?a=1", method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, ""]);
  assert.equal(head.headers["content-length"], String(answer.body.length));
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
    const refused = await ask(debug, { path: "/debug/one", method });
    assert.deepEqual([refused.status, refused.headers.allow], [405, "GET, HEAD"], method);
  }
});

test("/debug lists the pages; what is not there is 404", async () => {
  await using debug = await open();
  const { body } = await ask(debug, { path: "/debug" });
  for (const { path } of PAGES) assert.ok(body.includes(path), path);
  for (const path of ["/", "/debug/none", "/debug/one/", "//debug/one", "/v2/", "//"])
    assert.equal((await ask(debug, { path })).status, 404, path);
});

const HOSTS: readonly (readonly [string, number])[] = [
  ["localhost:5001", 200],
  ["LOCALHOST", 200],
  ["127.0.0.1:5001", 200],
  ["[::1]:5001", 200],
  ["10.0.0.9", 200],
  ["attacker.example", 421],
  ["127.0.0.1.attacker.example:5001", 421],
  ["localhost.attacker.example", 421],
];

test("a name that a stranger may have given to this machine is refused", async () => {
  await using debug = await open();
  for (const [host, status] of HOSTS)
    assert.equal((await ask(debug, { path: "/debug/one", headers: { host } })).status, status, host);
});

test("a listener for all interfaces guards loopback all the same", async () => {
  await using debug = await open("0.0.0.0");
  assert.equal((await ask(debug, { path: "/debug/one", headers: { host: "attacker.example" } })).status, 421);
  assert.equal((await ask(debug, { path: "/debug/secret" })).status, 200);
});

test("a private page is not told to whom a proxy speaks for", async () => {
  await using debug = await open();
  assert.equal((await ask(debug, { path: "/debug/secret" })).status, 200);
  for (const name of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"]) {
    const { status, body } = await ask(debug, { path: "/debug/secret", headers: { [name]: "203.0.113.9" } });
    assert.equal(status, 403, name);
    assert.match(body, /http\.debug\.profiles: everyone/);
    assert.equal((await ask(debug, { path: "/debug/one", headers: { [name]: "203.0.113.9" } })).status, 200);
  }
});

test("a private page is not made for a page of another site in a browser on this machine", async () => {
  await using debug = await open();
  const asked = async (site: string, mode: string) => {
    const headers = { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode };
    return (await ask(debug, { path: "/debug/secret", headers })).status;
  };
  assert.equal(await asked("cross-site", "no-cors"), 403);
  assert.equal(await asked("same-site", "cors"), 403);
  assert.equal(await asked("cross-site", "navigate"), 200);
  assert.equal(await asked("same-origin", "cors"), 200);
  assert.equal(await asked("none", "navigate"), 200);
});

test("a page that fails says nothing of why to the client, and all to the log", async () => {
  await using debug = await open();
  const { status, body } = await ask(debug, { path: "/debug/broken" });
  assert.equal(status, 500);
  assert.doesNotMatch(body, /hunter2/);
  assert.match(debug.reports.join(), /\/debug\/broken Error: password=hunter2/);
});

test("a head that is too long is refused", async () => {
  await using debug = await open();
  const { status } = await ask(debug, { path: "/debug/one", headers: { "x-long": "a".repeat(9000) } });
  assert.equal(status, 431);
});

test("no more connections than 64 are kept", async () => {
  await using debug = await open();
  const { port } = debug.server.address;
  const sockets = Array.from({ length: 66 }, () => connect(port, "127.0.0.1"));
  try {
    let closed = 0;
    for (const socket of sockets)
      socket
        .on("error", () => undefined)
        .on("close", () => closed++)
        .resume();
    await eventually(
      "two that are refused",
      async () => (closed === 2 ? true : undefined),
      () => `${closed}`,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test("closing breaks off what is being answered", async () => {
  const held: DebugPage = {
    path: "/debug/held",
    about: "waits",
    answer: async ({ signal }) => {
      await once(signal, "abort");
      return jsonAnswer({});
    },
  };
  const server = await DebugServer.open({ host: "127.0.0.1", port: 0, pages: [held], report: () => {} });
  const sent = request({ host: "127.0.0.1", port: server.address.port, path: "/debug/held" });
  const failed = once(sent, "error");
  sent.end();
  await once(sent, "finish");
  await server.close();
  await failed.catch(() => undefined);
});
