// Expect: 100-continue, which curl sends before large bodies. RFC 9110, 10.1.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { startServer } from "../../src/server.ts";
import { hasAnswers, RawConnection } from "../gateway/raw-connection.ts";

async function openServer() {
  return startServer({
    host: "127.0.0.1",
    port: 0,
    report: () => undefined,
    routes: (router) =>
      void router.service(AuthService, { getIdentity: () => ({ principal: "user:alice" }) }),
  });
}

const HEADERS = { "Content-Type": "application/json", "Content-Length": 2, Expect: "100-continue" };

test("a caller of an RPC that waits with its message is asked for it", async () => {
  const server = await openServer();
  const connection = await RawConnection.open(server.address.port);
  connection.head("POST /stowage.v1.AuthService/GetIdentity", HEADERS);
  await connection.until((text) => text.includes("\r\n\r\n"));
  assert.match(connection.received, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  connection.send("{}");
  await connection.until((text) => hasAnswers(text, 1));
  assert.match(connection.received, /\r\nHTTP\/1\.1 200 /);
  connection.destroy();
  await server.close({ drainMs: 0 });
});

test("a path that does not exist is refused before the body is sent", async () => {
  const server = await openServer();
  const connection = await RawConnection.open(server.address.port);
  connection.head("POST /nothing", HEADERS);
  await connection.closed();
  assert.match(connection.received, /^HTTP\/1\.1 404 [\s\S]*\r\nConnection: close\r\n/);
  await server.close({ drainMs: 0 });
});
