// Sequences of steps: made by chance while they are done, done again, and made shorter when they go wrong.
import type { Random } from "../support/random.ts";
import type { Bench } from "./bench.ts";
import { Choice, type ChoiceOptions } from "./choice.ts";
import { clear } from "./clearing.ts";
import type { ModelOptions } from "./model-parts.ts";
import type { Step } from "./steps.ts";

/** Where a sequence is done: each time in an empty world. */
export interface Ground {
  readonly options: ModelOptions;
  readonly choice: ChoiceOptions;
  /** True: the same steps lead to the same, so that they can be made fewer. */
  readonly isRepeatable: boolean;
  /** The text with names in place of digests. */
  readonly legible: (text: string) => string;
  readonly within: <T>(use: (bench: Bench) => Promise<T>) => Promise<T>;
}

/** What was done, and what went wrong; then the last step is the one after which it was found. */
export interface Done {
  readonly steps: readonly Step[];
  /** Absent: nothing. */
  readonly error?: unknown;
  /** True: all was well until all was to be cleared away. */
  readonly inClearing: boolean;
}

/** Everything is checked after so many steps. */
const CHECK_EVERY = 20;
/** What crashes leave is removed after so many. */
const REPAIR_EVERY = 100;
/** So long it is tried to leave out steps, in milliseconds. */
const LONGEST_MS = 60_000;

/** Does steps until there were so many, and clears everything away. */
export function make(ground: Ground, random: Random, count: number): Promise<Done> {
  return ground.within(async (bench) => {
    const choice = new Choice(random, bench.model, ground.choice);
    const steps: Step[] = [];
    let inClearing = false;
    const take = async (step: Step): Promise<void> => {
      steps.push(step);
      await bench.do(step, seedOf(step));
      if (steps.length % CHECK_EVERY === 0) await bench.check();
    };
    try {
      while (steps.length < count) {
        for (const step of choice.next(bench.model)) await take(step);
        if (steps.length % REPAIR_EVERY === 0) await take({ kind: "repair" });
      }
      await bench.check();
      inClearing = true;
      await clear(bench);
      return { steps, inClearing };
    } catch (error) {
      return { steps, inClearing, error };
    }
  });
}

/** Does the steps again, and checks after each, or after the last. */
function repeat(
  ground: Ground,
  given: readonly Step[],
  { inClearing, checksAll }: { readonly inClearing: boolean; readonly checksAll: boolean },
): Promise<Done> {
  return ground.within(async (bench) => {
    const steps: Step[] = [];
    try {
      for (const step of given) {
        steps.push(step);
        await bench.do(step, seedOf(step));
        if (checksAll || steps.length === given.length) await bench.check();
      }
      if (inClearing) await clear(bench);
      return { steps, inClearing };
    } catch (error) {
      return { steps, inClearing, error };
    }
  });
}

/** Leaves out steps as long as what is left still goes wrong. */
export async function shorten(ground: Ground, { steps, inClearing, error }: Done): Promise<Done> {
  const end = performance.now() + LONGEST_MS;
  let shortest = await repeat(ground, steps, { inClearing, checksAll: true });
  if (shortest.error === undefined) return { steps, inClearing, error };
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = shortest.steps.length - size; from > -size && performance.now() < end; from -= size) {
      const fewer = shortest.steps.toSpliced(Math.max(0, from), size);
      const done = await repeat(ground, fewer, { inClearing, checksAll: false });
      if (done.error !== undefined && done.steps.length < shortest.steps.length) shortest = done;
    }
  }
  return shortest;
}

/** What happens inside a step is decided by the step, so that it is the same without the others. */
function seedOf(step: Step): string {
  return JSON.stringify(step);
}
