// One hand per digest. Whoever places bytes in the cellar shares the digest until
// the card that mentions them is committed; whoever removes bytes has it alone from
// before the card goes until the bytes are gone. So nobody ever finds bytes in the
// cellar, relies on them, and has them swept away before saying so.
import type { Digest } from "../oci/digest.ts";

/** Gives the digest back. May be called again. */
export type Release = () => void;

/**
 * Who holds a digest. It lives as long as the process, as what it protects does: a cellar on a disk has one process,
 * and a crash ends all who held. A cellar for several needs a body of this that they share.
 */
export class DigestHolds {
  readonly #shared = new Map<Digest, number>();
  readonly #alone = new Map<Digest, Promise<void>>();

  /** Resolves as soon as nobody has it alone. */
  async share(digest: Digest): Promise<Release> {
    for (let other = this.#alone.get(digest); other !== undefined; other = this.#alone.get(digest))
      await other;
    this.#shared.set(digest, (this.#shared.get(digest) ?? 0) + 1);
    return once(() => {
      const others = (this.#shared.get(digest) ?? 1) - 1;
      if (others === 0) this.#shared.delete(digest);
      else this.#shared.set(digest, others);
    });
  }

  /** Undefined when somebody has it now; never waits. */
  tryAlone(digest: Digest): Release | undefined {
    if (this.#shared.has(digest) || this.#alone.has(digest)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#alone.set(digest, promise);
    return once(() => {
      this.#alone.delete(digest);
      resolve();
    });
  }
}

function once(action: () => void): Release {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
