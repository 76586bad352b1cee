// Finds a time in the event log. The times of events do not quite stand in order:
// pulls are written a little after they happened, two writers pass each other, and
// a clock may be set back. What stands out of order by less than a few seconds is
// still found exactly; behind a clock that was set back further, it is approximate.
import type { MetadataStore } from "../metadata/metadata-store.ts";

type Log = Pick<MetadataStore, "readEvents" | "lastSequence" | "trimmedSequence">;

/** By how much events may stand behind younger ones, in milliseconds. */
const DISORDER_MS = 5000;

/** How many events are looked at one by one, and how many at once. */
const MAX_STEPS = 20_000;
const BATCH = 256;
const MAX_BYTES = 1024 * 1024;

/** A sequence such that the events up to it are older than `time`, in ms; perhaps a few behind it are so too. */
export async function lastOlder(log: Log, time: number): Promise<number> {
  let older = log.trimmedSequence();
  let notOlder = log.lastSequence() + 1;
  while (notOlder - older > 1) {
    const middle = Math.floor((older + notOlder) / 2);
    const [found] = await log.readEvents(middle - 1, 1);
    if (found === undefined) return log.trimmedSequence(); // all were removed meanwhile
    if (found.event.time < time - DISORDER_MS) older = found.sequence;
    else notOlder = middle;
  }
  return older;
}

/** The sequence before the first event of `time`, in ms, or later; for a time to come, the newest. */
export async function sequenceBefore(log: Log, time: number): Promise<number> {
  let older = await lastOlder(log, time);
  for (let steps = 0; steps < MAX_STEPS; steps += BATCH) {
    const batch = await log.readEvents(older, BATCH, { maxBytes: MAX_BYTES });
    for (const { sequence, event } of batch) {
      if (event.time >= time) return sequence - 1;
      older = sequence;
    }
    if (batch.length === 0) break;
  }
  return older; // too much happened in those seconds: begin somewhat early
}
