// A registry and its model side by side: each step is done to both, and what they say is compared.
import assert from "node:assert/strict";
import { explain } from "./explanation.ts";
import { doJob } from "./jobs.ts";
import type { Model } from "./model.ts";
import type { Haste, Registry } from "./registry.ts";
import { isJob, type Step, type Work } from "./steps.ts";
import { compareUsage } from "./usage.ts";
import { canonical } from "./world.ts";

/** When every world begins; later than any file of the test was written. */
export const START = Date.UTC(2040, 0, 1);

export class Bench {
  model: Model;
  readonly #registry: Registry;

  constructor(registry: Registry, model: Model) {
    this.#registry = registry;
    this.model = model;
  }

  /** Does the step; throws when the registry and the model do not agree about it. */
  async do(step: Step, seed: string): Promise<void> {
    switch (step.kind) {
      case "wait":
        this.model.time += step.ms;
        return;
      case "repair":
        await this.#repair();
        break;
      case "together":
        await this.#together(step.works, { seed });
        break;
      case "crash":
        await this.#together(step.works, { seed, calls: step.calls });
        break;
      default:
        await this.#alone(step);
    }
    this.model.settle();
  }

  /** Throws unless everything is as the model has it, counted again and checked. */
  async check(): Promise<void> {
    const { world } = this.model;
    const seen = await this.#registry.observe();
    if (canonical(seen) !== canonical(world))
      assert.deepEqual(parsed(seen), parsed(world), "what there is, and what the model has");
    compareUsage(this.model, await this.#registry.usage());
    const strays = Object.keys(world.files).filter((digest) => !(digest in world.cards));
    assert.deepEqual(await this.#registry.problems(strays), [], "what recounting and fsck find");
  }

  remains(letters: string): Promise<readonly string[]> {
    return this.#registry.remains(letters);
  }

  async #repair(): Promise<void> {
    await this.#registry.repair();
    const { files, cards } = this.model.world;
    for (const digest of Object.keys(files)) if (!(digest in cards)) delete files[digest];
  }

  async #alone(work: Work): Promise<void> {
    const outcome = await this.#registry.carryOut(work);
    if (!isJob(work)) {
      assert.equal(outcome, this.model.request(work), "outcome");
      return;
    }
    assert.equal(outcome, "ok");
    const left = doJob(this.model, work, { seen: await this.#registry.observe(), isComplete: true });
    assert.deepEqual(left, [], "what should have been done");
  }

  async #together(works: readonly Work[], haste: Haste): Promise<void> {
    const attempts = await this.#registry.together(works, haste);
    const seen = await this.#registry.observe();
    const end = explain(this.model, attempts, seen);
    if (end !== undefined) {
      this.model = end;
      return;
    }
    const told = attempts.map(({ work, outcome }) => `${work.kind}: ${outcome ?? "nobody was told"}`);
    const message = `no order explains what was seen after ${told.join("; ")}`;
    assert.deepEqual(parsed(seen), parsed(this.model.world), message);
    throw new Error(message);
  }
}

/** For a difference that can be read. */
function parsed(value: unknown): unknown {
  return JSON.parse(canonical(value));
}
