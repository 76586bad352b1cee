// Who was proved to be whom a moment ago, so that a request with a password costs
// about as much as one without. Keeps digests of credentials, never their text.
import { hash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Principal } from "./principal.ts";

export interface RememberedOptions {
  /** In milliseconds since 1970. */
  readonly now: () => number;
  /** The most credentials; the ones unused for longest go first. Absent: 10,000. */
  readonly max?: number;
  /** How long a credential is remembered. Absent: five minutes. */
  readonly lifetimeMs?: number;
}

interface Memory {
  readonly principal: Principal;
  readonly since: number;
  readonly until: number;
}

/** Whose credentials these are. What is wrong is not remembered: that would fill it with guesses. */
export class Remembered {
  readonly #now: () => number;
  readonly #lifetimeMs: number;
  readonly #memories: LRUCache<string, Memory>;
  /** Without it nobody can tell from a digest which credential it was, or make two that share one. */
  readonly #salt = randomBytes(32).toString("base64url");

  constructor({ now, max = 10_000, lifetimeMs = 300_000 }: RememberedOptions) {
    this.#now = now;
    this.#lifetimeMs = lifetimeMs;
    this.#memories = new LRUCache({ max });
  }

  /** How many credentials take memory. */
  get size(): number {
    return this.#memories.size;
  }

  /** The principal that `set` was given for this text; undefined when that was too long ago. */
  get(text: string): Principal | undefined {
    const key = this.#key(text);
    const memory = this.#memories.get(key);
    if (memory === undefined) return undefined;
    const now = this.#now();
    // Before it began: the clock was set back.
    if (now >= memory.since && now < memory.until) return memory.principal;
    this.#memories.delete(key);
    return undefined;
  }

  /** To be called in the same turn in which the credential was found to be right, so that no `clear` is missed. */
  set(text: string, principal: Principal): void {
    const since = this.#now();
    const until = Math.min(since + this.#lifetimeMs, principal.expireTime ?? Number.POSITIVE_INFINITY);
    if (until > since) this.#memories.set(this.#key(text), { principal, since, until });
  }

  /** Forgets all: what proved somebody may not do so any more. */
  clear(): void {
    this.#memories.clear();
  }

  #key(text: string): string {
    return hash("sha256", this.#salt + text, "base64url");
  }
}
