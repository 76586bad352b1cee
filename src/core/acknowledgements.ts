// Acknowledgements of one consumer are written one after another. Those that come
// while one is being written become a single one, so that a consumer that
// acknowledges every event costs no more commits than the disk takes.
import type { ConsumerRecord } from "../metadata/records.ts";

/** Writes that everything up to the sequence was dealt with; resolves to the record as it then is. */
export type WriteAcknowledgement = (name: string, sequence: number) => Promise<ConsumerRecord>;

/** What one consumer has under way. */
interface Lane {
  readonly current: Promise<ConsumerRecord>;
  next?: { sequence: number; readonly written: Promise<ConsumerRecord> };
}

export class Acknowledgements {
  readonly #write: WriteAcknowledgement;
  readonly #lanes = new Map<string, Lane>();

  constructor(write: WriteAcknowledgement) {
    this.#write = write;
  }

  /** Resolves when this sequence, or one behind it, is written. */
  add(name: string, sequence: number): Promise<ConsumerRecord> {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return this.#begin(name, sequence);
    if (lane.next !== undefined) lane.next.sequence = Math.max(lane.next.sequence, sequence);
    else lane.next = { sequence, written: this.#beginBehind(lane, name, sequence) };
    return lane.next.written;
  }

  #begin(name: string, sequence: number): Promise<ConsumerRecord> {
    const lane: Lane = { current: this.#write(name, sequence) };
    this.#lanes.set(name, lane);
    const end = () => {
      if (lane.next === undefined) this.#lanes.delete(name);
    };
    lane.current.then(end, end);
    return lane.current;
  }

  async #beginBehind(lane: Lane, name: string, sequence: number): Promise<ConsumerRecord> {
    await lane.current.catch(() => undefined); // its own callers are told
    return this.#begin(name, lane.next?.sequence ?? sequence);
  }
}
