// The end of a world: all is deleted, all times pass, all is collected, and nothing is left.
import assert from "node:assert/strict";
import type { Bench } from "./bench.ts";
import { DAY } from "./choice.ts";
import type { Step } from "./steps.ts";

/** Rows of the key tree that speak of content, by their letters. */
const CONTENT = "HnRAzlmMbpTUPtgfuc";

/** Throws what is left. */
export async function clear(bench: Bench): Promise<void> {
  await bench.do({ kind: "repair" }, "");
  for (const step of deletions(bench)) await bench.do(step, "");
  const { trashAgeMs, graceMs, tagHistoryMs } = bench.model.options;
  for (const ms of [trashAgeMs, graceMs, tagHistoryMs, tagHistoryMs, 8 * graceMs, DAY]) {
    await bench.do({ kind: "wait", ms }, "");
    await bench.do({ kind: "collect" }, "");
  }
  await bench.check();
  assert.deepEqual(await bench.remains(CONTENT), [], "what is left when all is gone");
}

function* deletions({ model }: Bench): Generator<Step> {
  const at = (name: string) => model.world.repositories[name];
  for (const repository of Object.keys(model.world.repositories)) {
    for (const id of Object.keys(at(repository)?.uploads ?? {}))
      yield { kind: "cancel-upload", repository, id };
    // What an index needs goes with it, or after it.
    for (let live = liveIn(); live.length > 0; live = liveIn())
      for (const digest of live) yield { kind: "delete-manifest", repository, digest };
    function liveIn(): readonly string[] {
      return Object.keys(at(repository)?.live ?? {});
    }
  }
}
