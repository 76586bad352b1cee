// Does sequences in a process of its own: the test runner watches every promise of its process, which makes so many steps
// four times as slow. Arguments: where, the seed, how many steps. Prints what it did; ends with 1 where something went wrong.
import { Random } from "../support/random.ts";
import { diskGround, memoryGround } from "./grounds.ts";
import { make } from "./sequence.ts";
import { story } from "./story.ts";

const GROUNDS = { memory: memoryGround, disk: diskGround };

/** Each world begins empty, goes so many steps, and is cleared in the end. */
const STEPS_OF_WORLD = 400;

async function walk(where: keyof typeof GROUNDS, seed: string, most: number): Promise<number> {
  let steps = 0;
  for (let world = 0; steps < most; world++) {
    const random = new Random(`${seed}/${where}/${world}`);
    const ground = GROUNDS[where](random);
    const done = await make(ground, random, Math.min(STEPS_OF_WORLD, most - steps));
    steps += done.steps.length;
    if (done.error === undefined) continue;
    process.stdout.write(`${await story(ground, seed, done)}\n`);
    return 1;
  }
  process.stdout.write(`${steps} steps\n`);
  return 0;
}

const [where, seed = "", most] = process.argv.slice(2);
process.exitCode = await walk(where === "disk" ? "disk" : "memory", seed, Number(most));
