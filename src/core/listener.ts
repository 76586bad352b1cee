// The one way from what the rules do to what is announced. The rules tell their
// listener; what it makes of that is its own affair. bridge.ts turns it into events.
import type { EventFact } from "../metadata/records.ts";
import type { Transaction } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type { Origin } from "./origin.ts";

/** A manifest that was handed out. */
export interface Pull {
  readonly repository: RepositoryName;
  readonly descriptor: Descriptor;
  /** The tag it was asked for by. Absent: by digest. */
  readonly tag?: Tag;
  /** True: only its description was asked for. */
  readonly headOnly: boolean;
}

export interface Listener {
  /**
   * Told of each change while it is being collected. What it adds to the transaction is committed with the change,
   * or not at all; it may be told again when the attempt has to be repeated. Without a repository it concerns none in
   * particular.
   */
  changed(
    transaction: Transaction,
    origin: Origin,
    repository: RepositoryName | undefined,
    fact: EventFact,
  ): void;
  /** Told of each manifest that was handed out. Never throws and takes no time: it is called before the answer. */
  pulled(origin: Origin, pull: Pull): void;
}
