// A process that commits and is killed without warning loses nothing it acknowledged.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const PROGRAM = fileURLToPath(new URL("committing-program.ts", import.meta.url));

/** Lets the program run until it has acknowledged so many commits, kills it, and returns all it acknowledged. */
async function commitAndKill(directory: string, run: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, [PROGRAM, directory, run], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === enough) child.kill("SIGKILL");
  }
  await ended;
  assert.equal(child.signalCode, "SIGKILL");
  return acknowledged;
}

test("everything acknowledged before a kill is there, and the log has no gap", async () => {
  const directory = await makeTemporaryDirectory();
  try {
    const acknowledged: string[] = [];
    for (const [run, enough] of [1, 40, 333, 2500].entries()) {
      acknowledged.push(...(await commitAndKill(directory, `run${run}`, enough)));
      await expectWhole(directory, acknowledged);
    }
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

async function expectWhole(directory: string, acknowledged: readonly string[]): Promise<void> {
  const engine = await LevelEngine.open(directory);
  try {
    const rows = await engine.scan({ from: "k/", to: "k0", limit: 100_000, values: false });
    const present = new Set(rows.map(({ key }) => key.slice(2)));
    for (const name of acknowledged) assert.ok(present.has(name), `${name} was acknowledged and is lost`);
    assert.equal(Number(Buffer.from((await engine.get("n")) ?? []).toString()), rows.length);
    const events = await engine.readEvents(0, 100_000);
    assert.equal(events.length, engine.lastSequence());
    for (const [index, { sequence }] of events.entries()) assert.equal(sequence, index + 1);
    assert.deepEqual(new Set(events.map(({ value }) => Buffer.from(value).toString())), present);
    assert.equal(events.length, present.size);
  } finally {
    await engine.close();
  }
}
