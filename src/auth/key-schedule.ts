// Which key signs when. A key is published before it signs, so that who keeps the
// published keys for a while knows it in time; and after it signed, until the last
// of its tokens has expired. Pure arithmetic; times in milliseconds.
import type { SigningKeyRecord } from "../metadata/token-records.ts";

export interface KeyScheduleOptions {
  /** How long a key signs. */
  readonly rotationMs: number;
  /** How long a token is good. */
  readonly lifetimeMs: number;
}

/** How long before it signs a key is published, unless it would sign for less than twice as long. */
const AHEAD_MS = 60 * 60 * 1000;

/** How much longer a key stays than its tokens: the leeway of who checks them, and clocks that differ. */
const LEEWAY_MS = 5 * 60 * 1000;

type Times = Pick<SigningKeyRecord, "signTime">;

export class KeySchedule {
  readonly #rotationMs: number;
  readonly #aheadMs: number;
  readonly #staysMs: number;

  constructor({ rotationMs, lifetimeMs }: KeyScheduleOptions) {
    this.#rotationMs = rotationMs;
    this.#aheadMs = Math.min(AHEAD_MS, rotationMs / 2);
    this.#staysMs = lifetimeMs + LEEWAY_MS;
  }

  /** The key that signs now, of keys in the order in which they sign. Undefined: there is none. */
  signer<K extends Times>(keys: readonly K[], now: number): K | undefined {
    return keys.findLast(({ signTime }) => signTime <= now) ?? keys[0]; // the clock was set back
  }

  /** When a new key shall begin to sign, if it is time to make it. */
  next(keys: readonly Times[], now: number): number | undefined {
    const last = keys.at(-1);
    if (last === undefined) return now; // nobody knows other keys
    const due = last.signTime + this.#rotationMs;
    return now < due - this.#aheadMs ? undefined : Math.max(due, now + this.#aheadMs);
  }

  /** Those of the keys whose tokens can still be good. */
  current<K extends Times>(keys: readonly K[], now: number): readonly K[] {
    return keys.filter((_, index) => {
      const successor = keys[index + 1];
      return successor === undefined || now < successor.signTime + this.#staysMs;
    });
  }
}
