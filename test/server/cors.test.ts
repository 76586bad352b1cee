// What a browser asks and reads before a page of another origin may call. Node's
// fetch asks no such question, so the test asks it in the browser's words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { startServer } from "../../src/server.ts";

const PATH = `/${EventService.typeName}/ListEvents`;
const UI = "https://ui.example.com";

async function withServer(
  corsOrigins: readonly string[],
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    corsOrigins,
    routes: (router) => router.service(EventService, { listEvents: () => ({ nextCursor: "7" }) }),
    report: (error) => assert.fail(String(error)),
  });
  try {
    await run(`http://127.0.0.1:${server.address.port}${PATH}`);
  } finally {
    await server.close({ drainMs: 0 });
  }
}

/** The question before a call. */
function ask(url: string, origin: string): Promise<Response> {
  const headers = {
    Origin: origin,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "connect-protocol-version,content-type",
  };
  return fetch(url, { method: "OPTIONS", headers });
}

function call(url: string, origin: string): Promise<Response> {
  const headers = { Origin: origin, "Content-Type": "application/json" };
  return fetch(url, { method: "POST", headers, body: "{}" });
}

test("a page of an allowed origin may call, and read the answer", () =>
  withServer([UI], async (url) => {
    const preflight = await ask(url, UI);
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), UI);
    assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /\bPOST\b/);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /Connect-Protocol-Version/i);
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /Content-Type/i);
    const answer = await call(url, UI);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), UI);
    assert.match(answer.headers.get("access-control-expose-headers") ?? "", /grpc-status/i);
    assert.equal(answer.headers.get("vary"), "Origin");
    assert.deepEqual(await answer.json(), { nextCursor: "7" });
  }));

test("a page of any other origin is told nothing", () =>
  withServer([UI], async (url) => {
    for (const origin of [
      "https://evil.example.com",
      `${UI}.evil.example.com`,
      "http://ui.example.com",
      "null",
    ]) {
      const preflight = await ask(url, origin);
      assert.equal(preflight.headers.get("access-control-allow-origin"), null, origin);
      assert.equal(preflight.headers.get("access-control-allow-methods"), null, origin);
      assert.equal((await call(url, origin)).headers.get("access-control-allow-origin"), null, origin);
    }
  }));

test("a star allows every origin, and none allows nobody", async () => {
  await withServer(["*"], async (url) => {
    assert.equal((await ask(url, UI)).headers.get("access-control-allow-origin"), UI);
  });
  await withServer([], async (url) => {
    const preflight = await ask(url, UI);
    assert.equal(preflight.status, 405);
    assert.equal(preflight.headers.get("access-control-allow-origin"), null);
  });
});
