// Socket activation: a socket that somebody else has opened, and what is said of it
// in the environment.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { inheritedSocket } from "../../src/commands/inherited-socket.ts";
import type { World } from "../../src/commands/world.ts";
import { MAIN } from "../support/local-registry.ts";

const SETTINGS = { REGISTRY_STORAGE: "inmemory", REGISTRY_HTTP_ADDR: "127.0.0.1:1" };

/** A process with the socket as descriptor 3, told so as systemd tells; `environment` may say otherwise. */
async function start(host: string, environment: NodeJS.ProcessEnv = {}): Promise<[ChildProcess, Server]> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const env = { ...process.env, ...SETTINGS, NODE: process.execPath, MAIN, LISTEN_FDS: "1", ...environment };
  const command = 'LISTEN_PID=$$ exec "$NODE" "$MAIN" serve';
  // Node has no other way to say which descriptor a server has.
  const descriptor = Number(Reflect.get(Reflect.get(server, "_handle"), "fd"));
  const child = spawn("sh", ["-c", command], { env, stdio: ["ignore", "pipe", "pipe", descriptor] });
  return [child, server];
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  await once(child, "close");
  return output;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("the registry serves the socket that it inherits, wherever http.addr points", async () => {
  const [child, server] = await start("127.0.0.1");
  const url = `http://127.0.0.1:${portOf(server)}`;
  const output = outputOf(child);
  await once(child.stdout ?? child, "data");
  server.close();
  assert.equal((await fetch(`${url}/v2/`)).status, 200);
  child.kill("SIGTERM");
  assert.match(await output, new RegExp(`listens on ${url}\\n`));
});

test("an inherited socket that other machines can reach needs an auth section", async () => {
  const [child, server] = await start("0.0.0.0");
  const output = await outputOf(child);
  server.close();
  assert.equal(child.exitCode, 1);
  assert.match(
    output,
    /other machines can reach the inherited socket on 0\.0\.0\.0, and there is no auth section/,
  );
});

test("a descriptor that is no socket is an error in words", async () => {
  const command = 'LISTEN_PID=$$ exec "$NODE" "$MAIN" serve 3</dev/null';
  const env = { ...process.env, ...SETTINGS, NODE: process.execPath, MAIN, LISTEN_FDS: "1" };
  const child = spawn("sh", ["-c", command], { env, stdio: ["ignore", "pipe", "pipe"] });
  assert.match(await outputOf(child), /cannot listen on the inherited socket: /);
  assert.equal(child.exitCode, 1);
});

/** What the environment says, and what is made of it by process 7. */
const SAID: readonly (readonly [environment: World["environment"], inherited: unknown])[] = [
  [{}, undefined],
  [{ LISTEN_FDS: "1" }, undefined],
  [{ LISTEN_FDS: "1", LISTEN_PID: "8" }, undefined],
  [{ LISTEN_FDS: "0", LISTEN_PID: "7" }, undefined],
  [
    { LISTEN_FDS: "1", LISTEN_PID: "7" },
    { descriptor: 3, others: 0 },
  ],
  [
    { LISTEN_FDS: "3", LISTEN_PID: "7" },
    { descriptor: 3, others: 2 },
  ],
];

for (const [environment, inherited] of SAID)
  test(`${JSON.stringify(environment)} means ${JSON.stringify(inherited) ?? "nothing"}`, () => {
    assert.deepEqual(inheritedSocket({ environment, pid: 7 }), inherited);
  });

test("a number of sockets that is none is refused", () => {
  assert.throws(() => inheritedSocket({ environment: { LISTEN_FDS: "x", LISTEN_PID: "7" }, pid: 7 }), /"x"/);
});
