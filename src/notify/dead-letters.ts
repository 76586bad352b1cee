// The events that a webhook gave up on. They are named by their place in the log,
// so the oldest event comes first; when there are too many, it makes room.
import { deadLetterKey, deadLettersOf } from "../metadata/keys.ts";
import { type Change, type MetadataStore, put, remove } from "../metadata/metadata-store.ts";
import type { DeadLetterRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import { Lane } from "./lane.ts";

/** How many a webhook keeps. */
export const MAX_DEAD_LETTERS = 10_000;

/** A page ends before it has more than this, so that it fits into any client's message. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;

/** How many are counted or removed at once. */
const CHUNK = 1000;

/** Enough for every sequence; then the order of names is the order of the log. */
const DIGITS = 16;

export interface DeadLetterPage {
  readonly letters: readonly DeadLetterRecord[];
  /** Continue behind this name. Absent: there are no more. */
  readonly next?: string;
}

/** Makes the changes durable, together with what the owner adds. */
export type CommitLetters = (changes: readonly Change[]) => Promise<void>;

/** The same, told how many letters the changes drop to make room. */
export type CommitNewLetter = (changes: readonly Change[], dropped: number) => Promise<void>;

export class DeadLetters {
  readonly #metadata: MetadataStore;
  readonly #webhook: string;
  readonly #most: number;
  /** Changes are made one after the other, as the number of letters depends on all of them. */
  readonly #changes = new Lane();
  #count: number | undefined;
  #known = 0;

  constructor(metadata: MetadataStore, webhook: string, most: number = MAX_DEAD_LETTERS) {
    this.#metadata = metadata;
    this.#webhook = webhook;
    this.#most = most;
  }

  /** Letters behind the name, oldest first. */
  async list(options: { readonly after?: string; readonly limit: number }): Promise<DeadLetterPage> {
    const prefix = deadLettersOf(this.#webhook);
    const entries = await this.#metadata.page(prefix, { ...options, maxBytes: MAX_PAGE_BYTES });
    const last = entries.at(-1)?.name;
    const letters = entries.flatMap(({ record }) => record ?? []);
    if (last === undefined) return { letters };
    const more = await this.#metadata.page(prefix, { after: last, limit: 1, namesOnly: true });
    return { letters, ...(more.length > 0 && { next: last }) };
  }

  /** Undefined: there is none of this event. */
  get(sequence: number): Promise<DeadLetterRecord | undefined> {
    return this.#metadata.get(this.#key(sequence));
  }

  /** The sequences that the ids name, each once, oldest first. Throws DEAD_LETTER_UNKNOWN at the first that is none. */
  async resolve(ids: readonly string[]): Promise<readonly number[]> {
    const sequences: number[] = [];
    // One by one: of more ids than there are letters only one too many is looked for.
    for (const id of new Set(ids)) {
      const sequence = /^[1-9]\d{0,15}$/.test(id) ? Number(id) : 0;
      if ((await this.get(sequence)) === undefined) throw this.#unknown(id);
      sequences.push(sequence);
    }
    return sequences.sort((one, other) => one - other);
  }

  /** The newest one's sequence; 0: there is none. */
  async newest(): Promise<number> {
    let newest = 0;
    for await (const names of this.#names()) newest = Number(names.at(-1));
    return newest;
  }

  /** How many there are, as far as is known without looking: 0 before `count`. */
  get known(): number {
    return this.#known;
  }

  /** How many there are. */
  count(): Promise<number> {
    return this.#changes.run(() => this.#counted());
  }

  /** Adds one, or replaces the one of the same event. Resolves to how many had to make room. */
  add(letter: DeadLetterRecord, commit: CommitNewLetter): Promise<number> {
    return this.#changes.run(async () => {
      const isNew = (await this.get(letter.sequence)) === undefined;
      const count = (await this.#counted()) + (isNew ? 1 : 0);
      const oldest = await this.#oldest(Math.max(count - this.#most, 0));
      const removed = oldest.map((name) => remove(this.#keyOf(name)));
      this.#count = undefined; // nobody knows whether a commit that failed happened
      await commit([...removed, this.#put(letter)], oldest.length);
      this.#know(count - oldest.length);
      return oldest.length;
    });
  }

  /** Says what became of one that was tried again; not if it is gone. */
  replace(letter: DeadLetterRecord, commit: CommitLetters): Promise<void> {
    return this.#changes.run(async () => {
      const isThere = (await this.get(letter.sequence)) !== undefined;
      await commit(isThere ? [this.#put(letter)] : []);
    });
  }

  /** Removes those that are there; resolves to how many were. */
  remove(sequences: readonly number[], commit: CommitLetters): Promise<number> {
    return this.#changes.run(async () => {
      let removed = 0;
      for (let start = 0; start < sequences.length; start += CHUNK) {
        const keys = sequences.slice(start, start + CHUNK).map((sequence) => this.#key(sequence));
        const records = await Promise.all(keys.map((key) => this.#metadata.get(key)));
        removed += await this.#remove(
          keys.filter((_, index) => records[index] !== undefined),
          commit,
        );
      }
      return removed;
    });
  }

  /** Removes all that are there now; resolves to how many. */
  clear(commit: CommitLetters): Promise<number> {
    return this.#changes.run(async () => {
      let removed = 0;
      for (;;) {
        const names = await this.#oldest(CHUNK);
        if (names.length === 0) return removed;
        removed += await this.#remove(
          names.map((name) => this.#keyOf(name)),
          commit,
        );
      }
    });
  }

  async #remove(keys: readonly ReturnType<typeof deadLetterKey>[], commit: CommitLetters): Promise<number> {
    const before = await this.#counted();
    this.#count = undefined;
    await commit(keys.map(remove));
    this.#know(before - keys.length);
    return keys.length;
  }

  async #oldest(limit: number): Promise<readonly string[]> {
    if (limit === 0) return [];
    const options = { limit, namesOnly: true };
    return (await this.#metadata.page(deadLettersOf(this.#webhook), options)).map(({ name }) => name);
  }

  /** Counts what lies there when it is first asked, and only then. */
  async #counted(): Promise<number> {
    if (this.#count !== undefined) return this.#count;
    let count = 0;
    for await (const names of this.#names()) count += names.length;
    this.#know(count);
    return count;
  }

  #know(count: number): void {
    this.#count = count;
    this.#known = count;
  }

  /** All names, oldest first, some at a time. */
  async *#names(): AsyncGenerator<readonly string[], void, undefined> {
    let after: string | undefined;
    do {
      const options = { limit: CHUNK, namesOnly: true, ...(after !== undefined && { after }) };
      const entries = await this.#metadata.page(deadLettersOf(this.#webhook), options);
      if (entries.length > 0) yield entries.map(({ name }) => name);
      after = entries.at(-1)?.name;
    } while (after !== undefined);
  }

  #unknown(id: string): RegistryError {
    const name = id.slice(0, 80);
    const message = `webhook "${this.#webhook}" has no dead letter "${name}"`;
    return new RegistryError("DEAD_LETTER_UNKNOWN", { dead_letter_id: name }, { message });
  }

  #put(letter: DeadLetterRecord): Change {
    return put(this.#key(letter.sequence), letter);
  }

  #key(sequence: number) {
    return this.#keyOf(String(sequence).padStart(DIGITS, "0"));
  }

  #keyOf(name: string) {
    return deadLetterKey(this.#webhook, name);
  }
}
