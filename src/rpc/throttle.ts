// How often one client may come, and how much it may send at once. A client is its
// principal, or its address where it has no name.
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Principal } from "../auth/principal.ts";
import { RegistryError } from "../oci/errors.ts";
import { networkOf } from "../oci/network.ts";

/** Who comes, as far as it is known. */
export interface Client {
  readonly principal: Principal | undefined;
  readonly address: string | undefined;
}

export interface ThrottleOptions {
  /** The most uploads that one client writes at a time. 0: any number. */
  readonly maxUploads: number;
  /** Requests a second; 0: any number. */
  readonly rates: {
    readonly principal: number;
    readonly address: number;
    /** How many seconds' worth may come at once. */
    readonly burst: number;
  };
}

export class Throttle {
  readonly #perPrincipal: RateLimiterMemory | undefined;
  readonly #perAddress: RateLimiterMemory | undefined;
  readonly #maxUploads: number;
  readonly #uploads = new Map<string, number>();

  constructor({ maxUploads, rates }: ThrottleOptions) {
    this.#perPrincipal = limiter(rates.principal, rates.burst);
    this.#perAddress = limiter(rates.address, rates.burst);
    this.#maxUploads = maxUploads;
  }

  /** Counts a request of an address, whoever it is. Throws TOOMANYREQUESTS with `retry_after` in seconds. */
  countAddress(address: string | undefined): undefined | Promise<void> {
    if (this.#perAddress === undefined || address === undefined) return undefined;
    return this.#perAddress.consume(networkOf(address)).then(() => undefined, tooMany);
  }

  /** Counts a request of somebody with a name, wherever it comes from. Throws the same. */
  countPrincipal(principal: Principal | undefined): undefined | Promise<void> {
    if (this.#perPrincipal === undefined || principal === undefined || principal.kind === "anonymous")
      return undefined;
    return this.#perPrincipal.consume(principal.id).then(() => undefined, tooMany);
  }

  /** Holds a place for one upload that is being written. Throws TOOMANYREQUESTS when the client has none left. */
  upload(client: Client): Disposable {
    const key = keyOf(client);
    const running = this.#uploads.get(key) ?? 0;
    if (this.#maxUploads > 0 && running >= this.#maxUploads) throw tooManyUploads(this.#maxUploads);
    this.#uploads.set(key, running + 1);
    return { [Symbol.dispose]: () => this.#release(key) };
  }

  #release(key: string): void {
    const left = (this.#uploads.get(key) ?? 1) - 1;
    if (left === 0) this.#uploads.delete(key);
    else this.#uploads.set(key, left);
  }
}

/** So many a second on average, in windows of `burst` seconds. */
function limiter(rate: number, burst: number): RateLimiterMemory | undefined {
  return rate > 0 ? new RateLimiterMemory({ points: rate * burst, duration: burst }) : undefined;
}

function keyOf({ principal, address }: Client): string {
  if (principal !== undefined && principal.kind !== "anonymous") return principal.id;
  return networkOf(address);
}

function tooMany(reason: unknown): never {
  if (!(reason instanceof RateLimiterRes)) throw reason;
  const seconds = Math.max(1, Math.ceil(reason.msBeforeNext / 1000));
  const message = `too many requests; come again in ${seconds} seconds`;
  throw new RegistryError("TOOMANYREQUESTS", { retry_after: String(seconds) }, { message });
}

function tooManyUploads(limit: number): RegistryError {
  const message = `${limit} uploads of this client are being written at the moment, and more are not allowed`;
  return new RegistryError("TOOMANYREQUESTS", { limit: String(limit), retry_after: "1" }, { message });
}
