import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand, startServe, stowage, urlInLog } from "./cli.ts";

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  return directory;
}

test("serve tells where it listens and where its data lies, and SIGTERM ends it with code 0", async (t) => {
  const root = await temporaryDirectory(t);
  await using command = new RunningCommand(["serve"], {
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root,
    REGISTRY_HTTP_ADDR: "127.0.0.1:0",
  });
  const url = / listens on (http:\/\/127\.0\.0\.1:\d+)$/.exec(await command.line())?.[1];
  assert.equal(await command.line(), `Data: ${join(root, "stowage")}`);
  assert.equal((await fetch(`${url}/v2/`)).status, 200);
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 0);
  assert.match(command.errors, /msg=stopped/);
});

test("the file's name may stand alone, as in distribution, and its headers are sent", async (t) => {
  const directory = await temporaryDirectory(t);
  const config = join(directory, "config.yml");
  const http = 'http: { addr: "127.0.0.1:0", headers: { X-Content-Type-Options: [nosniff], X-Two: [a, b] } }';
  await writeFile(config, `version: 0.1\nstorage: inmemory\nlog: { formatter: json }\n${http}\n`);
  await using command = new RunningCommand(["serve", config]);
  const url = await urlInLog(command);
  for (const path of ["/v2/", "/v2/nothing/manifests/here"]) {
    const { headers } = await fetch(`${url}${path}`);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("x-two"), "a, b");
    assert.equal(headers.get("docker-distribution-api-version"), "registry/2.0");
  }
});

test("what has no effect, and data of distribution, is warned of", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "docker/registry/v2"), { recursive: true });
  await using command = new RunningCommand(["serve"], {
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root,
    REGISTRY_STORAGE_FILESYSTEM_MAXTHREADS: "100",
    REGISTRY_HTTP_ADDR: "127.0.0.1:0",
    REGISTRY_HTTP_SECRET: "hush",
  });
  await command.line();
  assert.match(
    command.errors,
    /level=warn msg="has no effect: storage\.filesystem\.maxthreads, http\.secret"/,
  );
  assert.match(command.errors, /level=warn msg="data of distribution lies here; .*docker\/registry\/v2/);
  assert.doesNotMatch(command.errors, /hush/);
});

test("an address in use is explained, with code 1", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  const { host } = new URL(url);
  const second = await stowage(["serve"], { REGISTRY_STORAGE: "inmemory", REGISTRY_HTTP_ADDR: host });
  assert.equal(second.code, 1);
  assert.equal(
    second.stderr,
    `stowage: cannot listen on ${host}: another program listens there already; ` +
      "choose another address with http.addr (REGISTRY_HTTP_ADDR)\n",
  );
});

test("two registries cannot share their data: the second one says so, with code 1", async (t) => {
  const root = await temporaryDirectory(t);
  const environment = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root, REGISTRY_HTTP_ADDR: "127.0.0.1:0" };
  await using first = new RunningCommand(["serve"], environment);
  await first.line();
  const { code, stderr } = await stowage(["serve"], environment);
  assert.equal(code, 1);
  assert.match(stderr, /^stowage: the catalogue in .* is in use: another stowage runs on this folder\n$/);
});

test("a data folder that cannot be made is told once, with code 1", async (t) => {
  const root = join(await temporaryDirectory(t), "file");
  await writeFile(root, "");
  const { code, stderr } = await stowage(["serve"], { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root });
  assert.equal(code, 1);
  assert.equal(stderr.match(/ENOTDIR/g)?.length, 1);
});

async function beginUpload(url: string): Promise<ClientRequest> {
  const location = (await fetch(`${url}/v2/a/blobs/uploads/`, { method: "POST" })).headers.get("location");
  const upload = request(new URL(location ?? "", url), { method: "PATCH" });
  upload.on("error", () => undefined);
  upload.write("some bytes");
  await sleep(200);
  return upload;
}

test("a second signal does not wait for what still runs", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  const upload = await beginUpload(url);
  command.signal("SIGTERM");
  while (!command.errors.includes("stopping")) await sleep(10);
  await sleep(600);
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 1);
  upload.destroy();
});

test("a signal that comes twice at once, as Ctrl-C does below npm, still lets requests finish", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  const upload = await beginUpload(url);
  command.signal("SIGINT");
  command.signal("SIGTERM");
  while (!command.errors.includes("stopping")) await sleep(10);
  upload.end("and the rest");
  const [response] = await once(upload, "response");
  assert.equal(response.statusCode, 202);
  assert.equal(await command.exit(), 0);
});

test("a gateway in front of another process answers like the registry itself", async () => {
  const { command: registry, url: upstream } = await startServe();
  await using _registry = registry;
  await using gateway = new RunningCommand(["gateway", "--upstream", upstream, "--addr", "127.0.0.1:0"]);
  const url = / gateway listens on (\S+)$/.exec(await gateway.line())?.[1];
  assert.equal(await gateway.line(), `Upstream: ${upstream}`);
  assert.equal((await fetch(`${url}/v2/`)).status, 200);
  const content = "some bytes";
  const digest = `sha256:${Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(content))).toString("hex")}`;
  const pushed = await fetch(`${url}/v2/a/b/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: content,
  });
  assert.equal(pushed.status, 201);
  for (const from of [url, upstream])
    assert.equal(await (await fetch(`${from}/v2/a/b/blobs/${digest}`)).text(), content);
  assert.equal((await fetch(`${url}/stowage.v1.BlobService/StatBlob`, { method: "POST" })).status, 404);
  const health = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  assert.deepEqual(await (await fetch(`${url}/grpc.health.v1.Health/Check`, health)).json(), {
    status: "SERVING",
  });
  gateway.signal("SIGINT");
  assert.equal(await gateway.exit(), 0);
});
