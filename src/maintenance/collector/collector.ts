// The collector: takes what is due from the list, and removes what nothing needs any
// more, while everybody else goes on. What it does is decided one by one in commits of
// the rules (core/removal.ts), so that it may be stopped, killed and run twice.
import type { CoreContext } from "../../core/context.ts";
import { NOBODY } from "../../core/origin.ts";
import { removeEmptyRepository } from "../../core/removal.ts";
import { type DueEntry, dueEntryOf, dueKey } from "../../metadata/due.ts";
import { due } from "../../metadata/keeping-keys.ts";
import { type Change, remove } from "../../metadata/metadata-store.ts";
import { transact } from "../../metadata/transaction.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { Pace } from "../pace.ts";
import {
  addTo,
  addTotals,
  type CollectionItem,
  type CollectionTotals,
  NO_TOTALS,
} from "./collection-items.ts";
import { CollectorLook, type Look, type LookResult } from "./collector-look.ts";
import { DryRun } from "./dry-run.ts";

export interface CollectorOptions {
  readonly context: CoreContext;
  /** So many removals a second; 0: any number. */
  readonly rate: number;
}

export interface CollectionRequest {
  /** True: nothing is changed; the items tell what would be removed now. */
  readonly dryRun?: boolean;
  /** In place of the configured grace time, in milliseconds; not longer than that. */
  readonly graceMs?: number;
}

/** What happened since the process started. */
export interface CollectorStatus {
  readonly running: boolean;
  /** When the last run ended, in milliseconds since 1970. Absent: none has. */
  readonly lastEndTime?: number;
  readonly totals: CollectionTotals;
}

/** So many are looked at together. Removals of a chunk come at once, so that it must be small. */
const CHUNK = 32;

/** Once so many have been removed, what removed them is taken off the list. */
const SYNC_AFTER = 1024;

export class Collector {
  readonly #context: CoreContext;
  readonly #rate: number;
  /** Entries whose bytes are unlinked, but perhaps not for ever yet. */
  #unsynced: Change[] = [];
  #runs = 0;
  #last: Promise<void> = Promise.resolve();
  #lastEndTime: number | undefined;
  #totals: CollectionTotals = NO_TOTALS;

  constructor({ context, rate }: CollectorOptions) {
    this.#context = context;
    this.#rate = rate;
  }

  get status(): CollectorStatus {
    return {
      running: this.#runs > 0,
      totals: this.#totals,
      ...(this.#lastEndTime !== undefined && { lastEndTime: this.#lastEndTime }),
    };
  }

  /**
   * Removes all that is due. Runs of several callers come one after the other. What cannot be removed stays on the list
   * and holds up nothing else; the first failure is thrown at the end.
   */
  async *run(
    request: CollectionRequest = {},
    signal?: AbortSignal,
  ): AsyncGenerator<CollectionItem, void, undefined> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = Promise.all([before, promise]).then(() => undefined);
    try {
      await beforeAbort(before, signal);
      if (!signal?.aborted) yield* this.#inTurn(request, signal);
    } finally {
      resolve();
    }
  }

  async *#inTurn(
    request: CollectionRequest,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<CollectionItem, void, undefined> {
    this.#runs++;
    try {
      yield* this.#collect(request, signal);
    } finally {
      this.#runs--;
      this.#lastEndTime = this.#context.now();
    }
  }

  async *#collect(
    { dryRun = false, graceMs }: CollectionRequest,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<CollectionItem, void, undefined> {
    const grace = Math.min(graceMs ?? Number.POSITIVE_INFINITY, this.#context.options.graceMs);
    const look: Look = dryRun ? new DryRun(this.#context, grace) : new CollectorLook(this.#context, grace);
    const pace = new Pace(dryRun ? 0 : this.#rate);
    const failures: unknown[] = [];
    let totals = NO_TOTALS;
    try {
      for (let found = true; found && !signal?.aborted; ) {
        found = false;
        for await (const entries of this.#dueEntries(look, signal)) {
          const results = await lookAtAll(look, entries, failures);
          const items: CollectionItem[] = results.flatMap((result) => result.items);
          await this.#settle(results.flatMap((result) => result.changes ?? []));
          if (!dryRun) items.push(...(await this.#removeEmpty(entries)));
          for (const item of items) totals = addTo(totals, item);
          totals = { ...totals, examined: totals.examined + entries.length };
          yield* items;
          yield { kind: "progress", totals };
          found ||= results.some((result) => result.handled);
          // What fails is tried at the same rate.
          await pace.after(items.length + results.filter(({ handled }) => !handled).length, signal);
        }
        await this.#sync();
        // What is only looked at stays on the list.
        if (dryRun) found = false;
      }
    } finally {
      if (!dryRun) await this.#finish(totals);
    }
    if (failures.length > 0) throw failures[0];
    yield { kind: "finished", totals };
  }

  /** The list from its start, as far as it is due, in chunks. */
  async *#dueEntries(
    look: Look,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly DueEntry[], void, undefined> {
    let after: string | undefined;
    while (!signal?.aborted) {
      const start = after === undefined ? {} : { after };
      const page = await this.#context.metadata.page(due, { limit: CHUNK, namesOnly: true, ...start });
      const entries = page
        .map(({ name }) => dueEntryOf(name))
        .filter(({ time }) => time <= look.ripeness.horizon());
      const ripe = entries.filter((entry) => look.ripeness.isDue(entry));
      if (ripe.length > 0) yield ripe;
      if (entries.length < CHUNK) return;
      after = page.at(-1)?.name;
    }
  }

  /** Takes entries off the list, once what they led to cannot come back. */
  async #settle(changes: readonly Change[]): Promise<void> {
    this.#unsynced.push(...changes);
    if (this.#unsynced.length >= SYNC_AFTER) await this.#sync();
  }

  async #sync(): Promise<void> {
    const changes = this.#unsynced;
    if (changes.length === 0) return;
    this.#unsynced = [];
    await this.#context.blobs.sync();
    await this.#context.metadata.commit({ changes });
  }

  /** Also where what was due had gone already, by another hand or before a crash. */
  async #removeEmpty(entries: readonly DueEntry[]): Promise<CollectionItem[]> {
    const places = entries.flatMap(({ what }) =>
      what.kind === "link" || what.kind === "trash" ? [what.repository] : [],
    );
    const removed: CollectionItem[] = [];
    for (const repository of new Set<RepositoryName>(places)) {
      if (await removeEmptyRepository(this.#context, repository))
        removed.push({ kind: "repository", repository });
    }
    return removed;
  }

  async #finish(totals: CollectionTotals): Promise<void> {
    await this.#sync();
    this.#totals = addTotals(this.#totals, totals);
    const { manifests, links, blobs, bytes } = totals;
    if (manifests + links + blobs === 0) return;
    const { listener, metadata } = this.#context;
    await transact(metadata, async (transaction) => {
      const fact = { kind: "collection_finished", manifests, links, blobs, bytes } as const;
      listener.changed(transaction, NOBODY, undefined, fact);
    });
  }
}

/**
 * Looks at each thing once, however often it is on the list: all its entries go for what becomes of the first. Where a
 * look fails they stay, and the failure is noted, the first of all.
 */
function lookAtAll(
  look: Look,
  entries: readonly DueEntry[],
  failures: unknown[],
): Promise<readonly LookResult[]> {
  const things = Map.groupBy(entries, ({ what }) => JSON.stringify(what)).values();
  return Promise.all(
    [...things].map(async ([first, ...others]): Promise<LookResult> => {
      if (first === undefined) return { handled: false, items: [] };
      try {
        const result = await look.at(first);
        if (result.changes === undefined) return result;
        return { ...result, changes: [...result.changes, ...others.map((other) => remove(dueKey(other)))] };
      } catch (error) {
        if (failures.length === 0) failures.push(error);
        return { handled: false, items: [] };
      }
    }),
  );
}

/** Resolves when the promise does, or when the signal aborts. */
async function beforeAbort(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  const ended = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { signal: ended.signal });
  });
  await Promise.race([promise, aborted]);
  ended.abort();
}
