// How a server ends that cannot go on: with last words in the log and by mail, and a
// code that says so.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { MailServer } from "../support/mail-server.ts";
import { tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { startServe, stowage } from "./cli.ts";

async function directoryOf(t: TestContext): Promise<string> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  return directory;
}

const hookOn = (port: number, levels: string) => ({
  REGISTRY_LOG_FORMATTER: "json",
  REGISTRY_LOG_HOOKS: `[{ type: mail, levels: [${levels}], options: { smtp: { addr: "127.0.0.1:${port}" }, from: a@example.com, to: [b@example.com] } }]`,
});

/** Makes the registry do what it must never do, a moment after it has begun. */
async function misfortune(t: TestContext, code: string): Promise<{ readonly NODE_OPTIONS: string }> {
  const path = join(await directoryOf(t), "misfortune.mjs");
  await writeFile(path, `setTimeout(() => { ${code} }, 1500);\n`);
  return { NODE_OPTIONS: `--import=${path}` };
}

const CRASHES = [
  ["an error that nobody caught", "throw new TypeError('the ship\\nsinks')", "uncaughtException"],
  [
    "a rejection that nobody handled",
    "Promise.reject(new TypeError('the ship sinks'))",
    "unhandledRejection",
  ],
] as const;

for (const [name, code, origin] of CRASHES) {
  test(`${name} is logged with its stack and mailed before the process ends with 1`, async (t) => {
    await using server = await MailServer.start();
    const { command } = await startServe({
      ...hookOn(server.port, "panic"),
      ...(await misfortune(t, code)),
    });
    assert.equal(await command.exit(), 1);
    const last = await eventually("a last line", async () => {
      const line = command.errors.trimEnd().split("\n").at(-1) ?? "";
      return line.includes("crashed") ? line : undefined;
    });
    const { level, message, err, origin: told, instanceId } = JSON.parse(last);
    assert.deepEqual([level, message, told, err.type], ["panic", "crashed", origin, "TypeError"]);
    assert.match(err.stack, /the ship[\s\S]*misfortune\.mjs/);
    assert.match(instanceId, /^[0-9a-f-]{36}$/);
    assert.equal(server.mails.length, 1);
    assert.match(server.mails[0]?.text ?? "", /^Subject: .*panic: crashed\r$/m);
    assert.match(server.mails[0]?.text ?? "", /the ship/);
  });
}

test("lines that waited for their minute go with the crash", async (t) => {
  await using server = await MailServer.start();
  const env = hookOn(server.port, "panic, info");
  const { command } = await startServe({ ...env, ...(await misfortune(t, "throw new Error('sunk')")) });
  assert.equal(await command.exit(), 1);
  const texts = server.mails.map(({ text }) => text).join("");
  assert.match(texts, /info: listening/);
  assert.match(texts, /panic: crashed/);
});

test("a mail server that says nothing holds a crash up for seconds, not for ever", async (t) => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => silent.close());
  const address = silent.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { command } = await startServe({
    ...hookOn(port, "panic"),
    ...(await misfortune(t, "throw new Error('sunk')")),
  });
  assert.equal(await command.exit(), 1);
  await eventually("a line about the mail", async () =>
    command.errors.includes("mails with lines of the log could not be sent") ? true : undefined,
  );
});

test("data that cannot be opened is mailed as fatal, and the command line tells it once in text", async (t) => {
  await using server = await MailServer.start();
  const folder = await directoryOf(t);
  await mkdir(join(folder, "stowage"), { recursive: true });
  await writeFile(join(folder, "stowage", "metadata"), "no folder");
  const place = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: folder, REGISTRY_HTTP_ADDR: "127.0.0.1:0" };
  const asJson = await stowage(["serve"], { ...hookOn(server.port, "fatal"), ...place });
  assert.equal(asJson.code, 1, asJson.stderr);
  assert.match(asJson.stderr, /^\{"level":"fatal".*"message":"it cannot go on"\}\nstowage: .*\n$/);
  assert.equal(server.mails.length, 1);
  assert.match(server.mails[0]?.text ?? "", /fatal: it cannot go on/);
  const env = { ...hookOn(server.port, "fatal"), REGISTRY_LOG_FORMATTER: "text" };
  const asText = await stowage(["serve"], { ...env, ...place });
  assert.match(asText.stderr, /^stowage: .*\n$/);
  assert.equal(server.mails.length, 2);
});

test("a log that goes to a file has all lines when the process ends", async (t) => {
  const path = join(await directoryOf(t), "log");
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const env = {
    REGISTRY_STORAGE: "inmemory",
    REGISTRY_HTTP_ADDR: "127.0.0.1:0",
    REGISTRY_LOG_FORMATTER: "json",
    ...(await misfortune(t, "process.kill(process.pid, 'SIGTERM')")),
  };
  const { code, stdout } = await tryRun(
    ["sh", "-c", '"$0" "$1" serve 2> "$2" >&2; cat "$2"', process.execPath, main, path],
    { env: { ...env, PATH: process.env.PATH ?? "" } },
  );
  assert.equal(code, 0);
  const messages = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): unknown => JSON.parse(line).message);
  assert.deepEqual(messages, ["listening", "stopping; running requests may finish", "stopped"]);
});
