// Turns what the rules tell into events: each change into one that is appended in
// the same commit, each pull into one that is written a little later, in batches.
import type { EventFact, EventRecord, SourceRecord } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { Listener, Pull } from "./listener.ts";
import type { Origin } from "./origin.ts";

export interface BridgeOptions {
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** The process that writes the events. */
  readonly source: SourceRecord;
  /** Takes pulls. Absent: pulls are not recorded. */
  readonly pulls?: { readonly add: (origin: Origin, pull: Pull) => void };
}

/** Writes the event log. */
export class Bridge implements Listener {
  readonly #options: BridgeOptions;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  changed(
    transaction: Transaction,
    origin: Origin,
    repository: RepositoryName | undefined,
    fact: EventFact,
  ): void {
    transaction.append(this.#event(origin, repository, fact));
  }

  pulled(origin: Origin, pull: Pull): void {
    this.#options.pulls?.add(origin, pull);
  }

  #event({ request, actor }: Origin, repository: RepositoryName | undefined, fact: EventFact): EventRecord {
    const { now, newId, source } = this.#options;
    return {
      id: newId(),
      time: now(),
      ...(repository !== undefined && { repository }),
      fact,
      ...(request !== undefined && { request }),
      ...(actor !== undefined && { actor }),
      source,
    };
  }
}
