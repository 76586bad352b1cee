// One look of the collector at one entry of the list: what it removes, and what
// becomes of the entry.
import type { CoreContext } from "../../core/context.ts";
import { expireBlob, expireLink, expireTagChange, expireTrash, type Outcome } from "../../core/removal.ts";
import { type DueEntry, dueKey, dueThen } from "../../metadata/due.ts";
import { type Change, put, remove } from "../../metadata/metadata-store.ts";
import type { RemovedItem } from "./collection-items.ts";

/** What a look led to. */
export interface LookResult {
  /** True: the entry is done with, or moved. */
  readonly handled: boolean;
  readonly items: readonly RemovedItem[];
  /** What becomes of the entry. */
  readonly changes?: readonly Change[];
}

/** How entries are looked at: in earnest, or to tell what would happen. */
export interface Look {
  readonly ripeness: Ripeness;
  at(entry: DueEntry): Promise<LookResult>;
}

const NOTHING = new Uint8Array(0);

/** Bytes that somebody places at this moment are looked at again so much later, in milliseconds. */
const BUSY_MS = 60_000;

/** When entries are due, where the grace time is shorter than the one they were made with. */
export class Ripeness {
  readonly #context: CoreContext;
  /** By how much. */
  readonly shiftMs: number;

  constructor(context: CoreContext, graceMs: number) {
    this.#context = context;
    this.shiftMs = context.options.graceMs - graceMs;
  }

  /** Entries behind this time are not due, whatever they are. */
  horizon(): number {
    return this.#context.now() + this.shiftMs;
  }

  /** The trash and the history of tags know no grace time. */
  isDue({ time, what }: DueEntry): boolean {
    const shift = what.kind === "link" || what.kind === "blob" ? this.shiftMs : 0;
    return time <= this.#context.now() + shift;
  }
}

export class CollectorLook implements Look {
  readonly ripeness: Ripeness;
  readonly #context: CoreContext;
  readonly #graceMs: number;

  constructor(context: CoreContext, graceMs: number) {
    this.#context = context;
    this.#graceMs = graceMs;
    this.ripeness = new Ripeness(context, graceMs);
  }

  async at(entry: DueEntry): Promise<LookResult> {
    const { what } = entry;
    switch (what.kind) {
      case "link": {
        const outcome = await expireLink(this.#context, what, this.#graceMs);
        // As late as it would be due with the configured grace time.
        const shift = this.ripeness.shiftMs;
        return this.#result(entry, outcome, (size) => [{ ...what, size }], shift);
      }
      case "trash": {
        const outcome = await expireTrash(this.#context, what);
        return this.#result(entry, outcome, (size) => [{ ...what, kind: "manifest", size }]);
      }
      case "tag-change": {
        const { repository, tag } = what;
        const outcome = await expireTagChange(this.#context, what);
        return this.#result(entry, outcome, () => [{ kind: "tag-change", repository, tag }]);
      }
      case "blob":
        return this.#atBlob(entry, what.digest);
    }
  }

  async #atBlob(
    entry: DueEntry,
    digest: (DueEntry["what"] & { kind: "blob" })["digest"],
  ): Promise<LookResult> {
    const release = this.#context.holds.tryAlone(digest);
    if (release === undefined) {
      const time = this.#context.now() + BUSY_MS + this.ripeness.shiftMs;
      return this.#result(entry, { kind: "later", time }, () => []);
    }
    try {
      const outcome = await expireBlob(this.#context, digest);
      // Cards first: a crash here leaves the entry, and the next look comes for the bytes.
      const wasThere = outcome.kind === "removed" && (await this.#context.blobs.delete(digest));
      return this.#result(entry, outcome, (size) => (wasThere ? [{ kind: "blob", digest, size }] : []));
    } finally {
      release();
    }
  }

  async #result(
    entry: DueEntry,
    outcome: Outcome,
    toItems: (size: number) => readonly RemovedItem[],
    shiftMs = 0,
  ): Promise<LookResult> {
    const changes: Change[] = [remove(dueKey(entry))];
    if (outcome.kind === "later") {
      const again = { time: outcome.time + shiftMs, what: entry.what };
      // What was asked for since has an entry for that already; two would be two for ever.
      const [known] = await this.#context.metadata.page(dueThen(again), { limit: 1, namesOnly: true });
      if (known === undefined) changes.push(put(dueKey(again), NOTHING));
    }
    const items = outcome.kind === "removed" ? toItems(outcome.size) : [];
    return { handled: true, items, changes };
  }
}
