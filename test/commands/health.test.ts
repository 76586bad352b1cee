// stowage health on every kind of port, and on what is none of Stowage's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Authority } from "../support/certificates.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand, startServe, stowage, stowageHere } from "./cli.ts";

async function temporary(t: TestContext): Promise<string> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  return directory;
}

const READY = { code: 0, stdout: "ready\n", stderr: "" };

test("over a Unix socket", async (t) => {
  const path = join(await temporary(t), "s");
  await using command = new RunningCommand(["serve"], {
    REGISTRY_STORAGE: "inmemory",
    REGISTRY_HTTP_NET: "unix",
    REGISTRY_HTTP_ADDR: path,
  });
  assert.match(await command.line(), new RegExp(`listens on unix:${path}$`));
  assert.deepEqual(await stowage(["health", "--server", `unix:${path}`]), READY);
  assert.deepEqual(await stowage(["health"], { STOWAGE_SERVER: `unix:${path}` }), READY);
  const other = await stowage(["tags", "history", "a:b", "--server", `unix:${path}`]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /is not the URL of a server/);
});

test("over TLS, with the authority, and with none", { skip: lacking("openssl") }, async (t) => {
  const directory = await temporary(t);
  const authority = await Authority.make(directory);
  const { certificate, key } = await authority.issue({ subject: "/CN=localhost", names: "DNS:localhost" });
  await using command = new RunningCommand(["serve"], {
    REGISTRY_STORAGE: "inmemory",
    REGISTRY_HTTP_ADDR: "localhost:0",
    REGISTRY_HTTP_TLS_CERTIFICATE: certificate,
    REGISTRY_HTTP_TLS_KEY: key,
  });
  const [, url = ""] = / listens on (https:\S+)$/.exec(await command.line()) ?? [];
  assert.deepEqual(await stowage(["health", "--server", url, "--ca", authority.path]), READY);
  assert.deepEqual(await stowage(["health", "--server", url, "--insecure"]), READY);
  const untrusted = await stowage(["health", "--server", url]);
  assert.equal(untrusted.code, 1);
  assert.match(untrusted.stderr, /certificate/);
  const plain = await stowage(["health", "--server", url.replace("https:", "http:")]);
  assert.equal(plain.code, 1);
});

test("of a registry that asks for passwords, without one", async (t) => {
  const { command, url } = await startServe({ REGISTRY_AUTH: "{silly: {realm: a, service: b}}" });
  t.after(() => command[Symbol.asyncDispose]());
  assert.deepEqual(await stowageHere(["health", "--server", url]), READY);
});

test("of a gateway", async (t) => {
  const { command, url } = await startServe();
  t.after(() => command[Symbol.asyncDispose]());
  await using gateway = new RunningCommand(["gateway", "--upstream", url, "--addr", "127.0.0.1:0"]);
  const [, place = ""] = / listens on (http:\S+)$/.exec(await gateway.line()) ?? [];
  assert.deepEqual(await stowageHere(["health", "--server", place]), READY);
});

const OTHERS: readonly (readonly [string, RequestListener, RegExp])[] = [
  ["another program", (_, response) => response.end("hello"), /answers, but not as Stowage does/],
  ["one that knows no such call", (_, response) => response.writeHead(404).end(), /answers with HTTP 404/],
  ["one that never answers", () => undefined, /does not answer in time/],
  [
    "one that answers without an end",
    (_, response) => {
      const more = () => response.write("x".repeat(65_536), () => !response.destroyed && more());
      more();
    },
    /answers, but not as Stowage does|in time/,
  ],
  [
    "one that wants to write on the terminal",
    (_, response) =>
      response
        .writeHead(503)
        .end(JSON.stringify({ checks: [{ status: "unhealthy", name: "\x1b[2J", message: "\x07" }] })),
    /answers with HTTP 503/,
  ],
];

for (const [what, listener, expected] of OTHERS) {
  test(`of ${what} it is no`, async (t) => {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const place = `127.0.0.1:${address.port}`;
    const { code, stdout, stderr } = await stowageHere(["health", "--server", place, "--timeout", "0.5"]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, expected);
    const debug = await stowageHere(["health", "--debug", place, "--timeout", "0.5"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(debug.stderr, /[\x00-\x09\x0b-\x1f]/);
    assert.equal(debug.code, 1);
  });
}

test("what cannot be meant is refused", async () => {
  for (const args of [
    ["--timeout", "soon"],
    ["--timeout", "0"],
    ["--server", "ftp://x"],
    ["--debug", "no url"],
  ])
    assert.equal((await stowageHere(["health", ...args])).code, 2, args.join(" "));
});
