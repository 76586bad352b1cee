// The journal's changes: what the event log tells behind some place, as lines at
// the end of a file. A file is begun when there is something to write.
import { setImmediate as turn } from "node:timers/promises";
import type { GrowingFile } from "../../blobs/growing-file.ts";
import type { JournalFolder } from "../../blobs/journal-folder.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { factsOf } from "./journal-events.ts";
import { encodeFact } from "./journal-facts.ts";

/** Events per step: a few milliseconds of work. */
const BATCH = 128;
const MAX_BYTES = 256 * 1024;

/** So many events without anything to tell are worth a line. */
const SILENCE = 1000;

export class JournalChanges {
  readonly #metadata: MetadataStore;
  readonly #folder: JournalFolder;
  #file: GrowingFile | undefined;
  #position = 0;
  /** Up to which event a line tells something. */
  #written = 0;
  /** In bytes, of files that are finished and still needed. */
  earlierBytes = 0;

  constructor(metadata: MetadataStore, folder: JournalFolder) {
    this.#metadata = metadata;
    this.#folder = folder;
  }

  /** Everything up to this event is in the files. */
  get position(): number {
    return this.#position;
  }

  get bytes(): number {
    return this.earlierBytes + (this.#file?.size ?? 0);
  }

  /** Everything up to this event is known already. */
  start(position: number): void {
    this.#position = position;
    this.#written = position;
  }

  /** Writes what the log tells by now. False: it was trimmed behind our place. */
  async follow(signal?: AbortSignal): Promise<boolean> {
    while (signal?.aborted !== true) {
      const events = await this.#metadata.readEvents(this.#position, BATCH, { maxBytes: MAX_BYTES });
      const [first, last] = [events[0], events.at(-1)];
      if ((first?.sequence ?? this.#metadata.trimmedSequence() + 1) > this.#position + 1) return false;
      if (last === undefined) return true;
      const facts = await Promise.all(
        events.map((event, place) => factsOf(this.#metadata, event, events.slice(place + 1))),
      );
      const lines = facts.flat().map(encodeFact).join("");
      if (lines !== "") await this.#append(lines, last.sequence);
      else if (last.sequence - this.#written > SILENCE) await this.#mark(last.sequence);
      this.#position = last.sequence;
      await turn();
    }
    return true;
  }

  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  /** The next line begins a new file. */
  async rotate(): Promise<void> {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.earlierBytes += file.size;
    this.#file = undefined;
    await file.close();
  }

  /** Writes the rest, and how far it came, and closes the file. */
  async finish(): Promise<void> {
    await this.follow();
    if (this.#position > this.#written) await this.#mark(this.#position);
    await this.rotate();
  }

  /** Closes the file as it is. */
  async drop(): Promise<void> {
    const dropped = this.#file;
    this.#file = undefined;
    await dropped?.drop().catch(() => undefined); // it failed before
  }

  #mark(sequence: number): Promise<void> {
    return this.#append(encodeFact({ s: sequence, kind: "at" }), sequence);
  }

  async #append(lines: string, sequence: number): Promise<void> {
    // What came after the last line had nothing to tell: no gap may be seen there.
    this.#file ??= await this.#folder.createChanges(this.#written);
    await this.#file.append(Buffer.from(lines));
    this.#written = sequence;
  }
}
