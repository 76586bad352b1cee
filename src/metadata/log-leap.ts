// When an older state of the catalogue takes the place of a newer one, its log must
// not give out sequences a second time: readers elsewhere hold cursors into a time
// that is gone, and would pass over what is new. So the whole log moves forward, with
// the places in it that the catalogue itself remembers. What readers hold is then
// older than the oldest event, and they are told that it has expired; consumers and
// webhooks kept in the catalogue go on where it has them.
import { decodeCounter } from "./counter.ts";
import { eventKey, LAST_EVENT_KEY, type LogBounds, sequenceOfEventKey, TRIMMED_KEY } from "./event-keys.ts";
import type { RawRow } from "./metadata-store.ts";
import type { ConsumerRecord, DeadLetterRecord, DeliveryLogRecord, WebhookRecord } from "./records.ts";
import { decodeRecord, encodeRecord } from "./value-form.ts";

/** No registry writes so many events in a millisecond. */
const EVENTS_PER_MS = 1000;

/** Beyond what is known to have been given out, where the clock is no help. */
const MARGIN = 1_000_000_000;

/**
 * A sequence that no log has come to, by the time in milliseconds, and in any case none that has come to `known`:
 * restoring the same snapshot twice leaps to different places.
 */
export function leapTarget({ now, known }: { readonly now: number; readonly known: number }): number {
  return Math.max(Math.floor(now) * EVENTS_PER_MS, known + MARGIN);
}

/** The log's bounds, as far as the row tells one of them. */
export function boundsIn({ key, value }: RawRow): Partial<LogBounds> {
  if (key === LAST_EVENT_KEY) return { last: decodeCounter(value) };
  return key === TRIMMED_KEY ? { trimmed: decodeCounter(value) } : {};
}

/** The row as it is when the log has moved by so much. Its bounds do not move: 0 has no row (RowWriter.setLog). */
export function leapRow(row: RawRow, by: number): RawRow {
  const { key, value } = row;
  if (key.startsWith("e/")) return { key: eventKey(sequenceOfEventKey(key) + by), value };
  const move = MOVES.get(key.slice(0, 2));
  return move === undefined ? row : { key, value: move(key, value, by) };
}

type Move = (text: string, value: Uint8Array, by: number) => Uint8Array;

const MOVES: ReadonlyMap<string, Move> = new Map([
  ["k/", moveSequence],
  ["w/", moveSequence],
  ["q/", moveSequence],
  ["h/", moveDeliveries],
]);

function moveSequence(text: string, value: Uint8Array, by: number): Uint8Array {
  const record = decodeRecord<ConsumerRecord | WebhookRecord | DeadLetterRecord>({ text }, value);
  return encodeRecord({ text }, { ...record, sequence: record.sequence + by });
}

function moveDeliveries(text: string, value: Uint8Array, by: number): Uint8Array {
  const { deliveries } = decodeRecord<DeliveryLogRecord>({ text }, value);
  const moved = deliveries.map((delivery) =>
    // A test delivery is of no event.
    delivery.first === 0 ? delivery : { ...delivery, first: delivery.first + by, last: delivery.last + by },
  );
  return encodeRecord({ text }, { deliveries: moved });
}
