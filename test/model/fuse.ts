// Stores that can be made to answer at odd times, and to fail for good after so many calls, as if the process had ended
// between two of them: what was done before stays, and nothing is done any more.
import { setImmediate as turn } from "node:timers/promises";
import type { BlobStore } from "../../src/blobs/blob-store.ts";
import type { UploadStore } from "../../src/blobs/upload-store.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { Random } from "../support/random.ts";

export interface Stores {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly metadata: MetadataStore;
}

/** What every call after the end throws. */
export class Ended extends Error {}

export class Fuse {
  #left = Number.POSITIVE_INFINITY;
  #random: Random | undefined;

  /** From now on calls take a time that the seed decides, and fail once there were so many. */
  light(seed: string, calls = Number.POSITIVE_INFINITY): void {
    this.#random = new Random(seed);
    this.#left = calls;
  }

  /** Calls take no time any more. */
  calm(): void {
    this.#random = undefined;
  }

  /** From now on everything fails. */
  blow(): void {
    this.#left = 0;
  }

  get isBlown(): boolean {
    return this.#left <= 0;
  }

  /** The same stores, through the fuse. */
  protect({ blobs, uploads, metadata }: Stores): Stores {
    return {
      blobs: this.#wrap(blobs, ["stat", "get", "put", "delete", "sync"]),
      uploads: this.#wrap(uploads, [
        "size",
        "lastWrite",
        "write",
        "commit",
        "finish",
        "discard",
        "discardWhere",
      ]),
      metadata: this.#wrap(metadata, ["get", "page", "commit", "snapshot"]),
    };
  }

  async #pass(): Promise<void> {
    if (this.#left <= 0) throw new Ended("the process has ended");
    this.#left -= 1;
    for (let turns = this.#delay(); turns > 0; turns--) await turn();
    if (this.#left <= 0) throw new Ended("the process has ended");
  }

  /** In turns. Mostly short; now and then others do much in the meantime. */
  #delay(): number {
    if (this.#random === undefined || this.#random.chance(0.5)) return 0;
    return this.#random.chance(0.2) ? this.#random.integer(5, 30) : this.#random.integer(1, 3);
  }

  #wrap<T extends object>(store: T, slow: readonly (keyof T & string)[]): T {
    const names: readonly string[] = slow;
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (!names.includes(String(name))) return member.bind(target);
        return async (...values: readonly unknown[]) => {
          await this.#pass();
          const result: unknown = await member.apply(target, values);
          await this.#pass();
          return result;
        };
      },
    });
  }
}
