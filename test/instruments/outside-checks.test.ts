// Checks of files, URLs and ports.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import type { HealthConfig } from "../../src/config/health.ts";
import { outsideChecks } from "../../src/instruments/outside-checks.ts";
import { freePort } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const PACE = { intervalMs: 1000, timeoutMs: 1000, threshold: 1 };
const signal = new AbortController().signal;

function checkOf(config: Partial<HealthConfig>) {
  const [check] = outsideChecks({ files: [], http: [], tcp: [], ...config });
  assert.ok(check);
  return check;
}

test("a file: it is unhealthy while it exists", async () => {
  const directory = await makeTemporaryDirectory();
  const path = join(directory, "maintenance");
  const { name, check } = checkOf({ files: [{ ...PACE, file: path }] });
  assert.equal(name, path);
  await check(signal);
  await writeFile(path, "");
  await assert.rejects(check(signal), /the file is there/);
  await rm(path);
  await check(signal);
  await removeTemporaryDirectory(directory);
});

test("a URL: its status must be the one, and its headers are sent", async () => {
  const asked: IncomingMessage[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const url = `http://127.0.0.1:${address.port}/well?key=s3cret`;
  const headers = { authorization: ["Basic bWU6czNjcmV0"] };
  const { name, check } = checkOf({ http: [{ ...PACE, url, headers, status: 204 }] });
  assert.doesNotMatch(name, /s3cret/);
  assert.match(name, /^http:\/\/127\.0\.0\.1:\d+\/well/);
  await check(signal);
  assert.equal(asked[0]?.method, "HEAD");
  assert.equal(asked[0]?.url, "/well?key=s3cret");
  assert.equal(asked[0]?.headers.authorization, headers.authorization[0]);
  status = 200;
  await assert.rejects(check(signal), /it answered 200, not 204/);
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  const failure = await check(signal).catch((error: Error) => error);
  assert.ok(failure instanceof Error);
  assert.match(failure.message, /it does not answer: /);
  assert.doesNotMatch(`${failure.stack}`, /s3cret/);
});

test("a URL that redirects has answered: nobody else is asked, nor sent its headers", async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    if (request.url === "/elsewhere") response.end();
    else response.writeHead(302, { location: "/elsewhere" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const url = `http://127.0.0.1:${address.port}/`;
  const headers = { "x-api-key": ["s3cret"] };
  try {
    await assert.rejects(
      checkOf({ http: [{ ...PACE, url, headers, status: 200 }] }).check(signal),
      /it answered 302, not 200/,
    );
    await checkOf({ http: [{ ...PACE, url, headers, status: 302 }] }).check(signal);
    assert.deepEqual(asked, ["/", "/"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a port: it must let us in", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const { name, check } = checkOf({ tcp: [{ ...PACE, host: "127.0.0.1", port: address.port }] });
  assert.equal(name, `127.0.0.1:${address.port}`);
  await check(signal);
  server.close();
  await once(server, "close");
  await assert.rejects(check(signal), /it cannot be reached: ECONNREFUSED/);
});

test("two checks of the same have names of their own", async () => {
  const one = { ...PACE, host: "127.0.0.1", port: await freePort() };
  const names = outsideChecks({ files: [], http: [], tcp: [one, one] }).map(({ name }) => name);
  assert.equal(new Set(names).size, 2);
});
