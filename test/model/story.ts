// What is told of a sequence that went wrong: how to repeat it, and the shortest way to the failure that was found.
import { type Done, type Ground, shorten } from "./sequence.ts";

/** The most steps that are told, the last ones. */
const MOST_STEPS = 200;

export async function story(ground: Ground, seed: string, done: Done): Promise<string> {
  const { steps, inClearing, error } = ground.isRepeatable ? await shorten(ground, done) : done;
  const text = [
    `STOWAGE_MODEL_SEED=${seed}: ${done.steps.length} steps, shortened to ${steps.length}`,
    JSON.stringify(ground.options),
    ...steps.slice(-MOST_STEPS).map((step) => JSON.stringify(step)),
    ...(inClearing ? ["and everything is cleared away"] : []),
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  ];
  return ground.legible(text.join("\n"));
}
