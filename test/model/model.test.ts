// The registry against its model: random sequences of everything that clients, operators and crashes do. STOWAGE_MODEL_SEED
// repeats a run, STOWAGE_MODEL_STEPS sets how long it is.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Random } from "../support/random.ts";

const STEPS = Number(process.env.STOWAGE_MODEL_STEPS ?? 6000);

for (const { where, title, share } of [
  { where: "memory", title: "over stores in memory", share: 0.9 },
  { where: "disk", title: "with files and imports", share: 0.1 },
])
  test(`the registry does what its model does, ${title}`, async (t) => {
    const { seed } = Random.fromEnvironment("STOWAGE_MODEL_SEED");
    t.diagnostic(`STOWAGE_MODEL_SEED=${seed}`);
    const walk = join(import.meta.dirname, "walk.ts");
    const steps = String(Math.ceil(STEPS * share));
    const child = spawn(process.execPath, [walk, where, seed, steps], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.signal.addEventListener("abort", () => child.kill("SIGKILL"));
    const ended = new Promise((resolve) => child.once("close", resolve));
    const told = await text(child.stdout);
    assert.equal(await ended, 0, told);
    t.diagnostic(told.trim());
  });
