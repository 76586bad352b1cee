// Which access tokens can be used, and when each was used last: in memory, because
// every request asks; written down now and then, many at once.
import { accessTokenKey } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { AccessTokenRecord } from "../metadata/token-records.ts";
import { transact } from "../metadata/transaction.ts";
import type { Report } from "./watched-file.ts";

export interface TokenUsesOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told when uses could not be written down. */
  readonly report: Report;
}

interface Use {
  readonly expireTime: number;
  /** 0: never. */
  lastUseTime: number;
}

/** How long uses wait to be written down together, in milliseconds. */
const SAVE_DELAY_MS = 60 * 1000;

/** How many are written in one commit. */
const BATCH = 500;

export class TokenUses {
  readonly #options: TokenUsesOptions;
  readonly #uses = new Map<string, Use>();
  /** The ids of those that were used since they were written. */
  readonly #unsaved = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #saving = Promise.resolve();
  #isClosed = false;

  constructor(options: TokenUsesOptions) {
    this.#options = options;
  }

  add(id: string, { expireTime, lastUseTime = 0 }: AccessTokenRecord): void {
    this.#uses.set(id, {
      expireTime: expireTime ?? Number.POSITIVE_INFINITY,
      lastUseTime,
    });
  }

  has(id: string): boolean {
    return this.#uses.has(id);
  }

  remove(id: string): void {
    this.#uses.delete(id);
    this.#unsaved.delete(id);
  }

  /** True: the token is there and has not expired. */
  isGood(id: string): boolean {
    const use = this.#uses.get(id);
    return use !== undefined && this.#options.now() < use.expireTime;
  }

  /** The same, and if it is so, the token was used now. */
  use(id: string): boolean {
    const use = this.#uses.get(id);
    const now = this.#options.now();
    if (use === undefined || now >= use.expireTime) return false;
    use.lastUseTime = now;
    this.#unsaved.add(id);
    this.#saveLater();
    return true;
  }

  /** Undefined: never, or the token is not there. */
  lastUseTime(id: string): number | undefined {
    const time = this.#uses.get(id)?.lastUseTime;
    return time === 0 ? undefined : time;
  }

  /** Writes down what was not yet. */
  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#save();
    return this.#saving;
  }

  /** A token is written once in that time, however often it is used. */
  #saveLater(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#save();
    }, SAVE_DELAY_MS).unref();
  }

  #save(): void {
    this.#saving = this.#saving
      .then(() => this.#saveAll())
      .catch((error: unknown) => {
        this.#options.report("writing down when access tokens were used failed", { err: error });
        this.#saveLater();
      });
  }

  async #saveAll(): Promise<void> {
    const ids = [...this.#unsaved];
    for (let start = 0; start < ids.length; start += BATCH)
      await this.#saveBatch(ids.slice(start, start + BATCH));
  }

  async #saveBatch(ids: readonly string[]): Promise<void> {
    const written = await transact(this.#options.metadata, async (transaction) => {
      await transaction.prefetch(ids.map(accessTokenKey));
      const times = new Map<string, number>();
      for (const id of ids) {
        const record = await transaction.get(accessTokenKey(id));
        const lastUseTime = this.lastUseTime(id);
        if (record === undefined || lastUseTime === undefined) continue; // it was revoked
        transaction.put(accessTokenKey(id), { ...record, lastUseTime });
        times.set(id, lastUseTime);
      }
      return times;
    });
    for (const [id, time] of written) if (this.lastUseTime(id) === time) this.#unsaved.delete(id);
  }
}
