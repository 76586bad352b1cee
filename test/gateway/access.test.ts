// What the gateway makes of a registry that asks who its clients are: challenges,
// refusals before the body, tokens, and whose credentials go with which call.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HttpCaller } from "../support/http-caller.ts";
import { GATEWAY_MODES, type GatewayServer, openGatewayServer } from "./gateway-server.ts";
import { playGoldenFile } from "./golden-play.ts";
import { type GuardedRegistry, guardedRegistry } from "./guarded-registry.ts";
import { hasAnswers, RawConnection } from "./raw-connection.ts";

const FOLDER = join(import.meta.dirname, "../golden/access");
const MIB = 1024 * 1024;

for (const mode of GATEWAY_MODES) {
  describe(`access, ${mode}`, () => {
    let registry: GuardedRegistry;
    let server: GatewayServer;

    before(async () => {
      registry = guardedRegistry();
      server = await openGatewayServer({ mode, registry });
    });

    after(async () => {
      await server.close();
      assert.deepEqual(server.anonymousCalls, [], "every call tells on whose behalf it is");
      assert.deepEqual(server.logged, [], "nothing of this is the registry's fault");
    });

    for (const name of readdirSync(FOLDER))
      test(`${name} holds`, () => playGoldenFile(join(FOLDER, name), server.port));

    for (const [start, refused] of [
      ["PATCH /v2/a/blobs/uploads/1", "401"],
      [`PUT /v2/a/blobs/uploads/1?digest=sha256:${"0".repeat(64)}`, "401"],
      [`POST /v2/a/blobs/uploads/?digest=sha256:${"0".repeat(64)}`, "401"],
      ["PATCH /v2/denied/blobs/uploads/1", "403"],
      ["PUT /v2/a/manifests/latest", "401"],
      ["PUT /v2/denied/manifests/latest", "403"],
    ] as const) {
      const headers = refused === "403" ? { Authorization: "Bearer good" } : {};

      test(`${start} with a large body: ${refused} comes before the body has`, async () => {
        const connection = await RawConnection.open(server.port);
        connection.head(start, { ...headers, "Content-Length": 1024 * MIB });
        connection.send(new Uint8Array(MIB));
        await connection.until((text) => hasAnswers(text, 1));
        assert.match(connection.received, new RegExp(`^HTTP/1\\.1 ${refused} `));
        assert.match(connection.received, /\r\nConnection: close\r\n/);
        assert.equal(/\r\nWWW-Authenticate: Bearer realm=/.test(connection.received), refused === "401");
        connection.destroy();
      });

      test(`${start}: who waits with its body hears ${refused} and is not asked for it`, async () => {
        const connection = await RawConnection.open(server.port);
        connection.head(start, { ...headers, "Content-Length": 1024 * MIB, Expect: "100-continue" });
        await connection.until((text) => hasAnswers(text, 1));
        assert.match(connection.received, new RegExp(`^HTTP/1\\.1 ${refused} `));
        connection.destroy();
      });
    }

    test("who waits with its body is asked for it when it may come", async () => {
      const connection = await RawConnection.open(server.port);
      connection.head("PATCH /v2/open/blobs/uploads/1", { "Content-Length": 5, Expect: "100-continue" });
      await connection.until((text) => text.includes("\r\n\r\n"));
      assert.match(connection.received, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
      const before = registry.received.bytes;
      connection.send("bytes");
      await connection.until((text) => text.includes("HTTP/1.1 202 "));
      assert.equal(registry.received.bytes - before, 5);
      connection.destroy();
    });

    test("so it is for a form and a manifest", async () => {
      for (const [start, status] of [
        ["POST /auth/token", 400],
        ["PUT /v2/a/manifests/latest", 401],
      ] as const) {
        const connection = await RawConnection.open(server.port);
        const type = "application/x-www-form-urlencoded";
        connection.head(start, { "Content-Length": 2, "Content-Type": type, Expect: "100-continue" });
        await connection.until((text) => text.includes("\r\n\r\n"));
        assert.match(connection.received, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
        connection.send("{}");
        await connection.until((text) => hasAnswers(text, 1));
        assert.match(connection.received, new RegExp(`\r\nHTTP/1\\.1 ${status} `));
        connection.destroy();
      }
    });

    test("HTTP/2: who waits with its body hears 401 and is not asked for it", async () => {
      const session = connect(`http://${server.host}`);
      try {
        const stream = session.request({
          ":method": "PATCH",
          ":path": "/v2/a/blobs/uploads/1",
          expect: "100-continue",
          "content-length": String(MIB),
        });
        const asked: unknown[] = [];
        stream.on("continue", () => asked.push("continue"));
        const status = await new Promise((resolve) =>
          stream.once("response", (headers) => resolve(headers[":status"])),
        );
        assert.equal(status, 401);
        assert.deepEqual(asked, []);
      } finally {
        session.destroy();
      }
    });

    test("a form that is announced as too large is refused before it is sent", async () => {
      const connection = await RawConnection.open(server.port);
      const type = "application/x-www-form-urlencoded";
      connection.head("POST /auth/token", { "Content-Type": type, "Content-Length": 65 * 1024 });
      await connection.until((text) => hasAnswers(text, 1));
      assert.match(connection.received, /^HTTP\/1\.1 413 [\s\S]*"error":"invalid_request"/);
      connection.destroy();
    });

    test("a form that grows too large is refused", async () => {
      const caller = new HttpCaller(server.host);
      async function* grow() {
        for (let sent = 0; sent < 70; sent += 1) yield new Uint8Array(1024).fill(97);
      }
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const { status } = await caller.call({ method: "POST", path: "/auth/token", headers, body: grow() });
      assert.equal(status, 413);
      caller.close();
    });
  });
}

test("a registry that knows nothing of access lets everybody in", async () => {
  for (const mode of GATEWAY_MODES) {
    const registry = { routes: () => undefined, close: async () => undefined };
    const server = await openGatewayServer({ mode, registry });
    const caller = new HttpCaller(server.host);
    assert.equal((await caller.call({ method: "GET", path: "/v2/" })).status, 200, mode);
    for (const path of ["/auth/token", "/auth/keys"])
      assert.equal((await caller.call({ method: "GET", path })).status, 404, mode);
    caller.close();
    await server.close();
  }
});
