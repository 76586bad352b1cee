// What a server does with signals: some stop it, whoever reads its log, and some must not.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { startServe } from "./cli.ts";

/** More than a pipe takes (64 KiB), in lines of the access log. */
const MANY = 400;

test("SIGTERM ends it with code 0 though nobody reads its log", async (t) => {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const address = `127.0.0.1:${await freePort()}`;
  const script = 'mkfifo "$2"; exec 3<> "$2"; exec "$0" "$1" serve 2> "$2"';
  const child = spawn("sh", ["-c", script, process.execPath, MAIN, join(directory, "log")], {
    env: { PATH: process.env.PATH, REGISTRY_STORAGE: "inmemory", REGISTRY_HTTP_ADDR: address },
    stdio: "ignore",
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  const ask = async () => {
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
    await answer?.bytes();
    return answer?.status;
  };
  await eventually("an answer", ask);
  for (let count = 0; count < MANY; count++) assert.equal(await ask(), 200);
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

test("SIGHUP, SIGUSR1 and SIGUSR2 are told in the log and do nothing else", async () => {
  const { command, url } = await startServe();
  await using _command = command;
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
    command.signal(signal);
    await eventually(`a line about ${signal}`, async () =>
      command.errors.includes(`signal=${signal}`) ? true : undefined,
    );
    assert.equal((await fetch(`${url}/v2/`)).status, 200);
  }
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 0);
  assert.doesNotMatch(command.errors, /Debugger/);
});

test("a collector that takes both outputs reads objects only", async () => {
  for (const formatter of ["json", "logstash"]) {
    const { command } = await startServe({ REGISTRY_LOG_FORMATTER: formatter });
    await using _command = command;
    command.signal("SIGTERM");
    assert.equal(await command.exit(), 0);
    await assert.rejects(command.line(), /it ended/);
    for (const line of command.errors.trimEnd().split("\n")) assert.ok(JSON.parse(line).message);
  }
});
