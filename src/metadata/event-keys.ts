// Where an engine keeps its event log: e/<sequence as 16 decimal digits>, which
// sorts by number, and the last sequence beside it.
import type { EngineRange } from "./engine.ts";

/** The row of the last sequence. */
export const LAST_EVENT_KEY = "s/events";

const DIGITS = 16; // enough for Number.MAX_SAFE_INTEGER

export function eventKey(sequence: number): string {
  return `e/${String(sequence).padStart(DIGITS, "0")}`;
}

export function sequenceOfEventKey(key: string): number {
  return Number(key.slice(2));
}

/** The events behind `after`, up to and including `last`. */
export function eventRange(after: number, last: number, limit: number): EngineRange {
  return { from: eventKey(after + 1), to: eventKey(last + 1), limit };
}
