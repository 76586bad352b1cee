// What a registry's user interface in a browser asks of the Docker API, and reads in
// its answers, refusals included.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { HELD, RawConnection, runServer } from "./running-server.ts";

const ORIGIN = "https://ui.example.com";
const OPTIONS = { corsOrigins: [ORIGIN] };

function preflight(path: string): string {
  const lines = `Host: a\r\nOrigin: ${ORIGIN}\r\nAccess-Control-Request-Method: DELETE\r\n`;
  return `OPTIONS ${path} HTTP/1.1\r\n${lines}Access-Control-Request-Headers: authorization,accept\r\nConnection: close\r\n\r\n`;
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nOrigin: ${ORIGIN}\r\n\r\n`;
}

test("a preflight is answered before the gateway is asked", async () => {
  const gateway = { handles: () => true, listener: () => assert.fail("asked") };
  await using running = await runServer({}, { ...OPTIONS, gateway });
  for (const path of ["/v2/", "/v2/a/manifests/latest", "/auth/token", "/auth/keys"]) {
    const raw = new RawConnection(running.port);
    await raw.send(preflight(path));
    const answer = await raw.rest();
    assert.match(answer, /^HTTP\/1\.1 204 /);
    assert.match(answer, /^access-control-allow-origin: https:\/\/ui\.example\.com\r$/im);
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
      assert.match(answer, new RegExp(`^access-control-allow-methods:.*\\b${method}\\b`, "im"));
    for (const header of ["Authorization", "Accept", "Range", "If-Match", "Content-Range"])
      assert.match(answer, new RegExp(`^access-control-allow-headers:.*\\b${header}\\b`, "im"));
  }
});

test("an answer of the Docker API can be read by the page", async () => {
  await using running = await runServer({}, OPTIONS);
  const answer = await fetch(`${running.url}/v2/`, { headers: { Origin: ORIGIN } });
  assert.equal(answer.headers.get("access-control-allow-origin"), ORIGIN);
  assert.equal(answer.headers.get("vary"), "Origin");
  const exposed = (answer.headers.get("access-control-expose-headers") ?? "").split(", ");
  for (const header of [
    "Docker-Content-Digest",
    "Link",
    "Location",
    "WWW-Authenticate",
    "Retry-After",
    "OCI-Subject",
  ])
    assert.ok(exposed.includes(header), header);
});

test("a page can read why it is refused while the server stops", async () => {
  await using running = await runServer({}, OPTIONS);
  const raw = new RawConnection(running.port);
  await raw.send(get(HELD));
  await raw.until("held");
  const closed = running.server.close({ drainMs: 60_000 });
  await raw.send(get("/v2/"));
  await wait(50); // for the request to arrive
  running.release();
  const [, refused = ""] = (await raw.rest()).split("held released");
  assert.match(refused, /^HTTP\/1\.1 503 /);
  assert.match(refused, /^access-control-allow-origin: https:\/\/ui\.example\.com\r$/im);
  await closed;
});
