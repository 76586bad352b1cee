// A process that commits and is killed without warning loses nothing it acknowledged.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

/** Lets the program run until it has printed so many lines, kills it, and returns all it printed. */
async function runAndKill(program: string, args: readonly string[], enough: number): Promise<string[]> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
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
      acknowledged.push(...(await runAndKill("committing-program.ts", [directory, `run${run}`], enough)));
      await expectWhole(directory, acknowledged);
    }
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

test("a kill in the middle of trimming leaves a mark that is true", async () => {
  const directory = await makeTemporaryDirectory();
  try {
    for (const enough of [1, 3, 6]) {
      const acknowledged = await runAndKill("trimming-program.ts", [directory], enough);
      await expectTrueMark(directory, Number(acknowledged.at(-1)));
    }
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

async function expectTrueMark(directory: string, acknowledged: number): Promise<void> {
  const engine = await LevelEngine.open(directory);
  try {
    const trimmed = engine.trimmedSequence();
    assert.ok(trimmed >= acknowledged, `trimmed up to ${trimmed}, and ${acknowledged} was acknowledged`);
    const rows = await engine.scan({ from: "e/", to: "e0", limit: 100_000, values: false });
    const kept = rows.map(({ key }) => Number(key.slice(2)));
    const length = engine.lastSequence() - trimmed;
    assert.deepEqual(
      kept,
      Array.from({ length }, (_, index) => trimmed + 1 + index),
    );
  } finally {
    await engine.close();
  }
}

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
