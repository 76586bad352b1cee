// What a journal amounts to: the checkpoint with all changes behind it. Changes are
// held in memory, the checkpoint is read line by line.
import { type JournalFile, JournalFolder } from "../../blobs/journal-folder.ts";
import { decodeFact, type JournalFact } from "./journal-facts.ts";
import { JournalOverlay, type JournalRow } from "./journal-overlay.ts";

/** What is wrong with a journal. Each costs only what it names. */
export type JournalProblem =
  | { readonly kind: "no-journal" }
  | { readonly kind: "no-checkpoint" }
  /** The checkpoint does not have the end that it was written with. */
  | { readonly kind: "checkpoint-cut" }
  | { readonly kind: "damaged-lines"; readonly path: string; readonly lines: number }
  /** Nothing tells of the events between. */
  | { readonly kind: "gap"; readonly after: number; readonly before: number };

export class JournalReader {
  readonly problems: JournalProblem[] = [];
  /** The newest event that it tells of. */
  lastSequence = 0;
  readonly #folder: JournalFolder;
  readonly #overlay = new JournalOverlay();
  #checkpoint: JournalFile | undefined;

  private constructor(folder: JournalFolder) {
    this.#folder = folder;
  }

  /** Reads the changes. */
  static async open(root: string): Promise<JournalReader> {
    const reader = new JournalReader(new JournalFolder(root));
    await reader.#readChanges();
    return reader;
  }

  /** All that held in the end, in no order. Problems of the checkpoint are known when it has come to its end. */
  async *rows(): AsyncGenerator<JournalRow, void, undefined> {
    if (this.#checkpoint !== undefined) yield* this.#checkpointRows(this.#checkpoint);
    yield* this.#overlay.rows();
  }

  async #readChanges(): Promise<void> {
    const files = await this.#folder.list();
    this.#checkpoint = files.findLast(({ kind }) => kind === "checkpoint");
    if (files.length === 0) this.problems.push({ kind: "no-journal" });
    else if (this.#checkpoint === undefined) this.problems.push({ kind: "no-checkpoint" });
    const base = this.#checkpoint?.sequence ?? 0;
    this.lastSequence = base;
    for (const file of files) {
      if (file.kind !== "changes") continue;
      if (file.sequence > this.lastSequence)
        this.problems.push({ kind: "gap", after: this.lastSequence, before: file.sequence + 1 });
      for await (const fact of this.#facts(file)) {
        if (fact.s > base) this.#overlay.add(fact);
        this.lastSequence = Math.max(this.lastSequence, fact.s);
      }
    }
  }

  async *#checkpointRows(file: JournalFile): AsyncGenerator<JournalRow, void, undefined> {
    let isWhole = false;
    for await (const fact of this.#facts(file)) {
      if (fact.kind === "end") isWhole = true;
      else yield* this.#overlay.ofCheckpoint(fact);
    }
    if (!isWhole) this.#note({ kind: "checkpoint-cut" });
  }

  /** The checkpoint may be read several times. */
  #note(problem: JournalProblem): void {
    const text = JSON.stringify(problem);
    if (!this.problems.some((known) => JSON.stringify(known) === text)) this.problems.push(problem);
  }

  /** A torn end of changes is what a crash leaves: the changes in it are told again behind it. */
  async *#facts(file: JournalFile): AsyncGenerator<JournalFact, void, undefined> {
    let damaged = 0;
    let isTorn = false;
    for await (const line of this.#folder.lines(file)) {
      const fact = decodeFact(line);
      if (isTorn) damaged++;
      isTorn = fact === undefined;
      if (fact !== undefined) yield fact;
    }
    if (isTorn && file.kind === "checkpoint") damaged++;
    if (damaged > 0) this.#note({ kind: "damaged-lines", path: file.path, lines: damaged });
  }
}
