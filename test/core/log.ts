// An event log in memory, and events to fill it with.

import { parseEventFilter } from "../../src/core/event-filter.ts";
import {
  type Delivery,
  EventLog,
  type EventLogOptions,
  type SubscriptionRequest,
} from "../../src/core/events.ts";
import { Catalogue, type CatalogueOptions } from "../../src/metadata/catalogue.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import type { EventFact, EventRecord } from "../../src/metadata/records.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

export interface Log {
  readonly metadata: MetadataStore;
  readonly log: EventLog;
}

export const EVERYTHING = parseEventFilter({});

export const DESCRIPTOR = { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(Buffer.from("x")), size: 1 };

let count = 0;

/** An event of this time, in ms, in a repository. */
export function eventAt(
  time: number,
  fact: EventFact = { kind: "repository_created" },
  name = "a",
): EventRecord {
  return { id: String(++count), time, repository: parseRepositoryName(name), fact };
}

export function append(metadata: MetadataStore, events: readonly EventRecord[]): Promise<void> {
  return metadata.commit({ changes: [], events });
}

/** Appends so many events, of which each is one millisecond younger than the one before; the first has time 1. */
export function appendMany(metadata: MetadataStore, many: number): Promise<void> {
  return append(
    metadata,
    Array.from({ length: many }, (_, index) => eventAt(index + 1)),
  );
}

export async function withLog(
  run: (log: Log) => Promise<void>,
  options: EventLogOptions & CatalogueOptions = {},
): Promise<void> {
  const metadata = new Catalogue(await openMemoryEngine(), options);
  try {
    await run({ metadata, log: new EventLog(metadata, options) });
  } finally {
    await metadata.close();
  }
}

/** A subscription that a test reads step by step. */
export class Reader {
  readonly #deliveries: AsyncGenerator<Delivery, void, undefined>;
  readonly #leave = new AbortController();

  constructor(
    source: { subscribe(request: SubscriptionRequest): AsyncGenerator<Delivery, void, undefined> },
    request: Partial<SubscriptionRequest> = {},
  ) {
    this.#deliveries = source.subscribe({
      start: { kind: "now" },
      filter: EVERYTHING,
      keepaliveMs: 60_000,
      signal: this.#leave.signal,
      ...request,
    });
  }

  /** What comes next; undefined at the end. */
  async next(): Promise<Delivery | undefined> {
    const { value, done } = await this.#deliveries.next();
    return done === true ? undefined : value;
  }

  /** The next so many, as "kind sequence". */
  async take(many: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < many) {
      const delivery = await this.next();
      if (delivery === undefined) break;
      found.push("sequence" in delivery ? `${delivery.kind} ${delivery.sequence}` : delivery.kind);
    }
    return found;
  }

  leave(): void {
    this.#leave.abort();
  }
}
