// Where reading begins: from what a reader asks for to a place in the log, and the
// two ways in which a place cannot be one.
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { RegistryError } from "../oci/errors.ts";
import { sequenceBefore } from "./event-time.ts";

/** At the oldest event, with the next one, behind a sequence, or at the first event of a time in ms or later. */
export type EventStart =
  | { readonly kind: "start" }
  | { readonly kind: "now" }
  | { readonly kind: "after"; readonly sequence: number }
  | { readonly kind: "time"; readonly time: number };

type Log = Pick<MetadataStore, "readEvents" | "lastSequence" | "trimmedSequence">;

/** The sequence to begin behind. Throws CURSOR_INVALID, CURSOR_EXPIRED. */
export async function resolveStart(log: Log, start: EventStart): Promise<number> {
  switch (start.kind) {
    case "start":
      return log.trimmedSequence();
    case "now":
      return log.lastSequence();
    case "after":
      checkGiven(log, start.sequence);
      checkKept(log, start.sequence);
      return start.sequence;
    case "time":
      return sequenceBefore(log, start.time);
    default:
      return start satisfies never;
  }
}

/** Throws CURSOR_INVALID for a sequence that was not yet given out. */
export function checkGiven(log: Log, sequence: number): void {
  const last = log.lastSequence();
  if (sequence <= last) return;
  const message = `cursor ${sequence} is past the end of the log, which is at ${last}`;
  throw new RegistryError("CURSOR_INVALID", { cursor: String(sequence) }, { message });
}

/** Throws CURSOR_EXPIRED when events behind the sequence have been removed. */
export function checkKept(log: Log, sequence: number): void {
  const oldest = log.trimmedSequence();
  if (sequence < oldest) throw cursorExpired(sequence, oldest);
}

/** CURSOR_EXPIRED for a sequence; behind `oldest` everything is kept. */
export function cursorExpired(sequence: number, oldest: number): RegistryError {
  const message = `events after cursor ${sequence} were removed; the oldest cursor that still works is ${oldest}`;
  return new RegistryError(
    "CURSOR_EXPIRED",
    { cursor: String(sequence), oldest: String(oldest) },
    { message },
  );
}
