// A gateway whose registry is not there, or goes away in the middle.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createGateway, handles } from "../../gateway/gateway.ts";
import { startServer } from "../../src/server.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { openTestRegistry } from "../support/test-registry.ts";

const LOCAL = { host: "127.0.0.1", port: 0, report: () => undefined } as const;

/** A gateway in front of a registry that can be stopped without it. */
async function openPair() {
  const registry = await openTestRegistry();
  const upstream = await startServer({ ...LOCAL, routes: registry.routes });
  const baseUrl = `http://127.0.0.1:${upstream.address.port}`;
  const listener = createGateway({ transport: createConnectTransport({ baseUrl, httpVersion: "1.1" }) });
  const gateway = await startServer({ ...LOCAL, gateway: { handles, listener } });
  const caller = new HttpCaller(`127.0.0.1:${gateway.address.port}`);
  return {
    caller,
    stopRegistry: async () => {
      await upstream.close({ drainMs: 0 });
      await registry.close();
    },
    async close() {
      caller.close();
      await gateway.close({ drainMs: 0 });
    },
  };
}

test("without its registry a gateway says 503 and when to come again", async () => {
  const { caller, stopRegistry, close } = await openPair();
  await stopRegistry();
  const digest = `sha256:${"0".repeat(64)}`;
  for (const call of [
    { method: "GET", path: "/v2/" },
    { method: "GET", path: "/v2/a/manifests/latest" },
    { method: "GET", path: `/v2/a/blobs/${digest}` },
    { method: "POST", path: "/v2/a/blobs/uploads/" },
    { method: "PATCH", path: "/v2/a/blobs/uploads/some", body: randomBytes(100_000) },
    { method: "PUT", path: "/v2/a/manifests/latest", body: Buffer.from("{}") },
  ]) {
    const { status, headers, body } = await caller.call(call);
    assert.equal(status, 503, `${call.method} ${call.path} ${body}`);
    assert.equal(headers["retry-after"], "5");
    assert.equal(JSON.parse(body.toString()).errors[0].code, "UNAVAILABLE");
  }
  await close();
});

test("a download whose registry goes away is not mistaken for a whole one", async () => {
  const { caller, stopRegistry, close } = await openPair();
  const content = randomBytes(32 * 1024 * 1024);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const path = `/v2/a/blobs/uploads/?digest=${digest}`;
  await caller.expect([201], { method: "POST", path, body: content });
  const response = await caller.open({ method: "GET", path: `/v2/a/blobs/${digest}` });
  await once(response, "readable");
  await stopRegistry();
  await assert.rejects(async () => {
    for await (const chunk of response) void chunk;
  });
  assert.equal(response.complete, false);
  await close();
});
