// stowage gateway: its own credentials, its clients', and a registry that is away.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { RunningCommand, startServe, stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";

let folder: string;

before(async () => {
  folder = await makeTemporaryDirectory();
});

after(() => removeTemporaryDirectory(folder));

async function startGateway(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const command = new RunningCommand(["gateway", "--addr", "127.0.0.1:0", ...args], environment);
  const url = / gateway listens on (\S+)$/.exec(await command.line())?.[1] ?? "";
  return { command, url };
}

/** A registry that remembers who asked it. */
async function openWitness() {
  const seen: Headers[] = [];
  const fake = await serveFake(AuthService, {
    getIdentity(_, { requestHeader }) {
      seen.push(requestHeader);
      return { principal: "somebody" };
    },
  });
  return { ...fake, seen };
}

test("the client's credentials go on as they are, the token beside them; a new token is taken", async () => {
  await using witness = await openWitness();
  const token = join(folder, "token");
  await writeFile(token, "first.token\n");
  const { command, url } = await startGateway(["--upstream", witness.url, "--token-file", token]);
  await using _command = command;
  await eventually("its own question", async () => (witness.seen.length > 0 ? true : undefined));
  assert.equal(witness.seen[0]?.get("authorization"), "Bearer first.token");
  const ask = async () => {
    await fetch(`${url}/v2/`, { headers: { authorization: "Basic YTpi", "user-agent": "tester" } });
    return witness.seen.at(-1);
  };
  const first = await ask();
  assert.equal(first?.get("authorization"), "Basic YTpi");
  assert.equal(first?.get("stowage-gateway-authorization"), "Bearer first.token");
  const { method, userAgent, host, scheme, address } = JSON.parse(first?.get("stowage-client") ?? "");
  assert.deepEqual({ method, userAgent, scheme }, { method: "GET", userAgent: "tester", scheme: "http" });
  assert.equal(`http://${host}`, url);
  assert.match(address, /^127\.0\.0\.1:\d+$/);
  await writeFile(token, "second.token\n");
  await eventually("the new token", async () => {
    const header = (await ask())?.get("stowage-gateway-authorization");
    return header === "Bearer second.token" ? true : undefined;
  });
});

test("a token may come from the environment; without one there is none", async () => {
  await using witness = await openWitness();
  for (const [environment, expected] of [
    [{ STOWAGE_TOKEN: "from.environment" }, "Bearer from.environment"],
    [{}, null],
  ] as const) {
    const { command, url } = await startGateway(["--upstream", witness.url], environment);
    await using _command = command;
    await fetch(`${url}/v2/`);
    const asked = witness.seen.filter((headers) => headers.has("stowage-client")).at(-1);
    assert.equal(asked?.get("stowage-gateway-authorization"), expected);
    assert.equal(asked?.has("authorization"), false);
  }
});

test("a registry that is away is logged without a stack, and not for every request", async () => {
  const upstream = `http://127.0.0.1:${await freePort()}`;
  const { command, url } = await startGateway(["--upstream", upstream]);
  await using _command = command;
  for (let call = 0; call < 5; call += 1) assert.equal((await fetch(`${url}/v2/`)).status, 503);
  await eventually("a line", async () => (command.errors.includes("cannot be reached") ? true : undefined));
  assert.equal(command.errors.split("the registry cannot be reached").length - 1, 1);
  assert.match(command.errors, /ECONNREFUSED/);
  assert.doesNotMatch(command.errors, /\bat .*\.(?:ts|js):\d+/);
});

/** "SERVING" and the like, of grpc.health.v1. */
async function readinessOf(url: string, service = ""): Promise<unknown> {
  const response = await fetch(`${url}/grpc.health.v1.Health/Check`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ service }),
  });
  return Object(await response.json()).status;
}

test("it is ready while its registry is, which asks others for credentials, and alive without it", async () => {
  const environment = { REGISTRY_AUTH: "silly", REGISTRY_HTTP_ADDR: `127.0.0.1:${await freePort()}` };
  const registry = await startServe(environment);
  await using _registry = registry.command;
  const { command, url } = await startGateway(["--upstream", registry.url]);
  await using _command = command;
  const until = (status: string) =>
    eventually(status, async () => (await readinessOf(url)) === status || undefined);
  await until("SERVING");
  await registry.command[Symbol.asyncDispose]();
  assert.equal((await fetch(`${url}/v2/`)).status, 503);
  await until("NOT_SERVING");
  assert.match(command.errors, /a health check fails.* check=upstream .*ECONNREFUSED/);
  assert.equal(await readinessOf(url, "liveness"), "SERVING");
  const again = await startServe(environment);
  await using _again = again.command;
  await until("SERVING");
});

for (const [args, environment, message] of [
  [["--token-file", "none"], {}, /--token-file: the file "none" cannot be used/],
  [[], { STOWAGE_TOKEN_FILE: "none" }, /\$STOWAGE_TOKEN_FILE: the file "none" cannot be used/],
  [[], { STOWAGE_TOKEN: "not a token" }, /^stowage: \$STOWAGE_TOKEN: this is no token\n$/m],
  [["--cert", "none"], {}, /--ca, --cert and --key are for an upstream with https/],
  [["--ca", "none"], {}, /--ca, --cert and --key are for an upstream with https, not for http:/],
] as const)
  test(`the command line ${[...args, ...Object.keys(environment)].join(" ")} is wrong`, async () => {
    const command = ["gateway", "--upstream", "http://127.0.0.1:1", "--addr", "127.0.0.1:0", ...args];
    const { code, stderr } = await stowageHere(command, { environment });
    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /not a token/);
  });

/** An authority, a server's certificate for 127.0.0.1, and two clients' certificates. */
function makeCertificates(): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=authority",
    "-days",
    "2",
  );
  for (const name of ["server", "one", "two"]) {
    const more = name === "server" ? ["-addext", "subjectAltName=IP:127.0.0.1"] : [];
    const authority = ["-CA", "ca.pem", "-CAkey", "ca.key"];
    const out = ["-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`, "-days", "2"];
    openssl("req", "-x509", ...authority, ...key, ...out, ...more);
  }
}

test("TLS to the registry: its authority is checked, and new client certificates are taken", async () => {
  makeCertificates();
  const path = (name: string) => join(folder, name);
  const seen: unknown[] = [];
  const adapter = connectNodeAdapter({
    routes: (router) => void router.service(AuthService, { getIdentity: () => ({}) }),
  });
  const options = {
    key: await readFile(path("server.key")),
    cert: await readFile(path("server.pem")),
    ca: await readFile(path("ca.pem")),
    requestCert: true,
  };
  const server = createServer(options, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
    response.setHeader("Connection", "close"); // so that each call shows the certificate of its moment
    adapter(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const upstream = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const name of ["key", "pem"]) await copyFile(path(`one.${name}`), path(`mine.${name}`));
    const files = ["--ca", path("ca.pem"), "--cert", path("mine.pem"), "--key", path("mine.key")];
    const { command, url } = await startGateway(["--upstream", upstream, ...files]);
    await using _command = command;
    assert.equal((await fetch(`${url}/v2/`)).status, 200);
    assert.equal(seen.at(-1), "one");
    for (const name of ["key", "pem"]) await copyFile(path(`two.${name}`), path(`mine.${name}`));
    await eventually("the new certificate", async () => {
      await fetch(`${url}/v2/`);
      return seen.at(-1) === "two" ? true : undefined;
    });
    const strange = await startGateway(["--upstream", upstream]);
    await using _strange = strange.command;
    assert.equal((await fetch(`${strange.url}/v2/`)).status, 503);
    assert.match(strange.command.errors, /the registry cannot be reached/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a gateway listens for other machines when it proves who it is, or its configuration says that everybody may", async () => {
  const command = ["gateway", "--upstream", "http://127.0.0.1:1", "--addr", "0.0.0.0:0"];
  const { code, stderr } = await stowageHere(command, {});
  assert.equal(code, 2);
  assert.match(stderr, /can be reached from other machines/);
  const { command: running } = await startGateway(
    ["--upstream", "http://127.0.0.1:1", "--addr", "0.0.0.0:0"],
    {
      STOWAGE_TOKEN: "stow_x",
    },
  );
  await running[Symbol.asyncDispose]();
});
