// A registry over stores of this process. Its end is a fuse before the stores: what was done stays, and is opened again.
import { AsyncLocalStorage } from "node:async_hooks";
import { v7 } from "uuid";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import { SOURCE } from "../core/study.ts";
import { carryOut, type Workplace } from "./carry-out.ts";
import type { Attempt } from "./explanation.ts";
import { Ended, Fuse, type Stores } from "./fuse.ts";
import { problemsOf, remainsOf, repairAll } from "./inspection.ts";
import type { Outcome } from "./model.ts";
import type { ModelOptions } from "./model-parts.ts";
import { observe, observeUsage } from "./observe.ts";
import type { Pool } from "./pool.ts";
import { quotaRules } from "./quota.ts";
import type { Haste, Registry } from "./registry.ts";
import type { Work } from "./steps.ts";
import type { UsageRows } from "./usage.ts";
import type { World } from "./world.ts";

export interface LocalParts extends Pick<Workplace, "adopter" | "plant"> {
  readonly stores: Stores;
  readonly pool: Pool;
  readonly options: ModelOptions;
  readonly now: () => number;
  /** Counts up, also when the registry ends and is opened again: ids of one millisecond sort by it. */
  readonly count: () => number;
}

/** The rules over the stores. */
export function openWorkplace(parts: LocalParts): Workplace {
  const { stores, pool, options, now, count, adopter, plant } = parts;
  const sessions = new AsyncLocalStorage<string>();
  const newId = () => sessions.getStore() ?? v7({ msecs: now(), seq: count() });
  const context: CoreContext = {
    ...stores,
    holds: new DigestHolds(),
    now,
    newId,
    listener: new Bridge({ now, newId, source: SOURCE }),
    options: { ...DEFAULT_CORE_OPTIONS, ...options, deleteEnabled: true, quotas: quotaRules(options.quota) },
  };
  return {
    core: createCore(context),
    context,
    pool,
    nameSession: (id, begin) => sessions.run(id, begin),
    ...(adopter !== undefined && { adopter }),
    ...(plant !== undefined && { plant }),
  };
}

export class LocalRegistry implements Registry {
  readonly #parts: LocalParts;
  #fuse = new Fuse();
  #workplace: Workplace;

  constructor(parts: LocalParts) {
    this.#parts = parts;
    this.#workplace = this.#open();
  }

  carryOut(work: Work): Promise<Outcome> {
    return carryOut(this.#workplace, work);
  }

  async together(works: readonly Work[], { seed, calls }: Haste): Promise<readonly Attempt[]> {
    this.#fuse.light(seed, calls);
    const attempts = await Promise.all(works.map((work) => this.#attempt(work)));
    this.#fuse.calm();
    if (calls === undefined) return attempts;
    this.#fuse.blow();
    this.#workplace = this.#open();
    await this.#workplace.core.uploads.sweepOrphans();
    return attempts;
  }

  observe(): Promise<World> {
    return observe(this.#workplace);
  }

  usage(): Promise<UsageRows> {
    return observeUsage(this.#workplace);
  }

  problems(strays: readonly string[]): Promise<readonly string[]> {
    return problemsOf(this.#workplace, strays);
  }

  repair(): Promise<void> {
    return repairAll(this.#workplace);
  }

  remains(letters: string): Promise<readonly string[]> {
    return remainsOf(this.#workplace, letters);
  }

  async #attempt(work: Work): Promise<Attempt> {
    try {
      return { work, outcome: await this.carryOut(work) };
    } catch (error) {
      if (error instanceof Ended) return { work };
      throw error;
    }
  }

  #open(): Workplace {
    this.#fuse = new Fuse();
    return openWorkplace({ ...this.#parts, stores: this.#fuse.protect(this.#parts.stores) });
  }
}
