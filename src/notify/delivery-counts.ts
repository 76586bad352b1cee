// How a webhook's deliveries went since the process started, for who watches. Tests
// do not count.
import type { DeliveryRecord } from "../metadata/records.ts";
import type { Events } from "./courier.ts";

export interface DeliveryFigures {
  /** Events that were taken up for delivery, each once. */
  readonly events: number;
  /** Events that were delivered. */
  readonly successes: number;
  /** Events that the receiver refused, at each attempt. */
  readonly failures: number;
  /** Events for which there was no answer, at each attempt. */
  readonly errors: number;
  /** How many answers had each status. */
  readonly statuses: ReadonlyMap<number, number>;
}

export class DeliveryCounts {
  #events = 0;
  #successes = 0;
  #failures = 0;
  #errors = 0;
  readonly #statuses = new Map<number, number>();
  /** The newest event that was taken up. */
  #newest = 0;

  get figures(): DeliveryFigures {
    return {
      events: this.#events,
      successes: this.#successes,
      failures: this.#failures,
      errors: this.#errors,
      statuses: new Map(this.#statuses),
    };
  }

  /** An attempt at these begins. */
  takeUp(events: Events): void {
    const newest = this.#newest;
    for (const { sequence } of events) {
      if (sequence <= newest) continue; // tried before
      this.#events += 1;
      this.#newest = sequence;
    }
  }

  /** An attempt has ended. */
  note({ isTest, status, error, eventCount }: DeliveryRecord): void {
    if (isTest) return;
    if (status !== undefined) this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (error === undefined) this.#successes += eventCount;
    else if (status === undefined) this.#errors += eventCount;
    else this.#failures += eventCount;
  }
}
