// http.prefix: the Docker API is below it, and only there; RPCs are found either way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { withoutPrefix } from "../../src/server/prefix.ts";
import { RawConnection, runServer } from "./running-server.ts";

const RPC = `/${EventService.typeName}/ListEvents`;

/** Path, method, and status with the prefix "/registry". */
const ANSWERS: readonly (readonly [path: string, method: string, status: number])[] = [
  ["/registry/v2/", "GET", 200],
  ["/v2/", "GET", 404],
  ["/registryx/v2/", "GET", 404],
  ["/registry/registry/v2/", "GET", 404],
  ["//registry/v2/", "GET", 404],
  ["/registry/../v2/", "GET", 404],
  ["/%72egistry/v2/", "GET", 404],
  ["/registry", "GET", 200],
  ["/registry/", "GET", 200],
  ["/registry?x=1", "HEAD", 200],
  ["/", "GET", 200],
  [RPC, "DELETE", 405],
  [`/registry${RPC}`, "DELETE", 405],
  ["http://a/registry/v2/", "GET", 200],
  ["http://a/v2/", "GET", 404],
];

for (const [path, method, status] of ANSWERS)
  test(`${method} ${path} is answered with ${status}`, async () => {
    await using running = await runServer({}, { prefix: "/registry" });
    const raw = new RawConnection(running.port);
    await raw.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(await raw.rest(), new RegExp(`^HTTP/1.1 ${status} `));
  });

test("the gateway sees targets as if there were no prefix", () => {
  assert.equal(withoutPrefix("/a/b/v2/x?y=/a/b/z", "/a/b"), "/v2/x?y=/a/b/z");
  assert.equal(withoutPrefix("https://host/a/b/v2/x", "/a/b"), "/v2/x");
  assert.equal(withoutPrefix("/a/b?c", "/a/b"), "/?c");
  assert.equal(withoutPrefix("/a/bc", "/a/b"), undefined);
  assert.equal(withoutPrefix("*", "/a/b"), undefined);
  assert.equal(withoutPrefix("/v2/", ""), "/v2/");
});
