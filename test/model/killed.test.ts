// The same sequences done to a process that is killed at random moments, in the middle of collections and deletions: what
// was acknowledged is there when it comes back, what was not is there or not, and never in part. STOWAGE_MODEL_SEED
// repeats the choices of a run, STOWAGE_MODEL_KILLS sets how often the process is killed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../support/random.ts";
import { processGround } from "./grounds.ts";
import { make } from "./sequence.ts";
import { story } from "./story.ts";

const KILLS = Number(process.env.STOWAGE_MODEL_KILLS ?? 30);
const STEPS_OF_WORLD = 120;

test("a registry that is killed comes back as its model", async (t) => {
  const random = Random.fromEnvironment("STOWAGE_MODEL_SEED");
  t.diagnostic(`STOWAGE_MODEL_SEED=${random.seed}`);
  const counts = { kills: 0, interrupted: 0 };
  let steps = 0;
  for (let world = 0; counts.kills < KILLS; world++) {
    const choices = new Random(`${random.seed}/killed/${world}`);
    const ground = processGround(choices, counts);
    const done = await make(ground, choices, STEPS_OF_WORLD);
    if (done.error !== undefined) assert.fail(await story(ground, random.seed, done));
    steps += done.steps.length;
  }
  t.diagnostic(`${steps} steps, ${counts.kills} kills, ${counts.interrupted} works interrupted`);
  assert.ok(counts.interrupted > 0, "nothing was under way when it was killed");
});
