// Where an engine keeps its event log: e/<sequence as 16 decimal digits>, which
// sorts by number, and beside it where the log begins and ends.
import type { EngineRange } from "./engine.ts";

/** The row of the last sequence. */
export const LAST_EVENT_KEY = "s/events";

/** The row of the sequence up to which events were removed. */
export const TRIMMED_KEY = "s/trimmed";

/** Between which sequences the log has events: behind `trimmed`, up to and including `last`. */
export interface LogBounds {
  readonly last: number;
  /** 0: nothing was removed. */
  readonly trimmed: number;
}

const DIGITS = 16; // enough for Number.MAX_SAFE_INTEGER

export function eventKey(sequence: number): string {
  return `e/${String(sequence).padStart(DIGITS, "0")}`;
}

export function sequenceOfEventKey(key: string): number {
  return Number(key.slice(2));
}

/** The events behind `after`, up to and including `last`. */
export function eventRange(
  after: number,
  last: number,
  size: Pick<EngineRange, "limit" | "maxBytes">,
): EngineRange {
  return { from: eventKey(after + 1), to: eventKey(last + 1), ...size };
}
