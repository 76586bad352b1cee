// How many connections each address has open, so that one client cannot take all.
import { networkOf } from "../oci/network.ts";

export class ConnectionCounts {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  /** 0: any number. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts one more. Undefined: that would be too many; otherwise to be called once when it has ended. */
  enter(ip: string): (() => void) | undefined {
    if (this.#limit === 0) return () => undefined;
    const network = networkOf(ip);
    const count = this.#counts.get(network) ?? 0;
    if (count >= this.#limit) return undefined;
    this.#counts.set(network, count + 1);
    return () => this.#leave(network);
  }

  #leave(network: string): void {
    const count = (this.#counts.get(network) ?? 0) - 1;
    if (count > 0) this.#counts.set(network, count);
    else this.#counts.delete(network);
  }
}
