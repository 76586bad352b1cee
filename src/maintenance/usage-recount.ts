// Counts from the cards what usage rows must say. Cards are read page by page; of each
// repository its sums are remembered, nothing else.
import { repositoryEntryOf } from "../metadata/entry-names.ts";
import { allPulls, trash } from "../metadata/keeping-keys.ts";
import { allTags, blobs, type Key, links, manifests, repositories } from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import { usageKeysOf } from "../metadata/usage-keys.ts";
import {
  NO_USAGE,
  type StoredRecord,
  USAGE_SUMS,
  USAGE_TIMES,
  type UsageRecord,
} from "../metadata/usage-record.ts";
import { merge } from "./merge.ts";
import { entries, namePages, pages, type Reader } from "./walk.ts";

/** How many cards are counted between two reports. */
const STEP = 1000;

type Counts = { -readonly [Member in keyof UsageRecord]: UsageRecord[Member] };

/** What the cellar holds where there is no row. */
export const NOTHING_STORED: StoredRecord = { blobs: 0, bytes: 0 };

/** What the cards of one moment amount to. */
export class UsageRecount {
  /** By repository as it stands in keys. */
  readonly #repositories = new Map<string, Counts>();
  /** All blob records. */
  stored = NOTHING_STORED;

  /** Counts all there is, once; tells how many cards were counted since it told last. */
  async *count(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    yield* this.#records(reader, signal);
    yield* this.#contents(reader, signal);
    yield* this.#tags(reader, signal);
    yield* this.#pulls(reader, signal);
    yield* this.#blobs(reader, signal);
  }

  /** All rows that must be there, by key, of repositories and of the paths above them; the map is the caller's. */
  rows(): Map<string, UsageRecord> {
    const rows = new Map<string, Counts>();
    for (const [name, counts] of this.#repositories) {
      if (USAGE_SUMS.every((sum) => counts[sum] === 0)) continue;
      const keys: readonly Key<UsageRecord>[] = usageKeysOf(repositoryEntryOf(name).repository);
      for (const { text } of keys) addTo(rows, text, counts);
    }
    return rows;
  }

  async *#records(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    for await (const page of namePages(reader, repositories, signal)) {
      for (const name of page) this.#of(name).repositories = 1;
      yield page.length;
    }
  }

  /** Links and manifests side by side, because a digest that is both counts once. */
  async *#contents(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    const cards = merge(entries(reader, manifests, signal), entries(reader, trash, signal));
    let done = 0;
    for await (const { name, left: link, right: pair } of merge(entries(reader, links, signal), cards)) {
      const counts = this.#of(partOf(name));
      counts.repositories = 1; // what holds something is one, also where its record is missing
      const live = pair?.left?.record;
      const trashed = pair?.right?.record.manifest;
      if (link !== undefined) counts.blobs += 1;
      counts.bytes += (link?.record ?? live ?? trashed)?.size ?? 0;
      if (live !== undefined) {
        counts.manifests += 1;
        counts.logicalBytes += live.contentSize ?? 0;
      }
      if (trashed !== undefined) counts.trashed += 1;
      for (const card of [live, trashed]) if (card !== undefined) later(counts, "pushTime", pushTimeOf(card));
      if (++done < STEP) continue;
      yield done;
      done = 0;
    }
    yield done;
  }

  async *#tags(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    for await (const page of namePages(reader, allTags, signal)) {
      for (const name of page) this.#of(partOf(name)).tags += 1;
      yield page.length;
    }
  }

  async *#pulls(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    for await (const page of pages(reader, allPulls, signal)) {
      for (const { name, record } of page) {
        const counts = this.#of(partOf(name));
        counts.pulls += record.count;
        later(counts, "pullTime", record.lastTime);
      }
      yield page.length;
    }
  }

  async *#blobs(reader: Reader, signal?: AbortSignal): AsyncGenerator<number, void, undefined> {
    for await (const page of pages(reader, blobs, signal)) {
      const bytes = page.reduce((sum, { record }) => sum + record.size, this.stored.bytes);
      this.stored = { blobs: this.stored.blobs + page.length, bytes };
      yield page.length;
    }
  }

  #of(repository: string): Counts {
    const known = this.#repositories.get(repository) ?? { ...NO_USAGE };
    this.#repositories.set(repository, known);
    return known;
  }
}

/** The repository, as it stands in keys, that an entry's name begins with. */
function partOf(name: string): string {
  return name.slice(0, name.indexOf("\0"));
}

/** When the manifest was last pushed. */
function pushTimeOf({ pushTime, createTime }: ManifestRecord): number {
  return pushTime ?? createTime;
}

function addTo(rows: Map<string, Counts>, text: string, counts: UsageRecord): void {
  const row = rows.get(text) ?? { ...NO_USAGE };
  for (const sum of USAGE_SUMS) row[sum] += counts[sum];
  for (const time of USAGE_TIMES) later(row, time, counts[time]);
  rows.set(text, row);
}

function later(counts: Counts, member: (typeof USAGE_TIMES)[number], time: number | undefined): void {
  if (time !== undefined && time > (counts[member] ?? 0)) counts[member] = time;
}
