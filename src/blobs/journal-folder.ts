// The journal's files in the cellar: a checkpoint, which appears whole or not at
// all, and files of changes, which only grow. What stands in them is the writer's
// affair (maintenance/journal.ts). Numbers are places in the event log.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { listDirectory, openFile, renamePath, statPath, unlinkPath } from "./file-io.ts";
import { GrowingFile } from "./growing-file.ts";
import { journalDirectory } from "./paths.ts";
import { isSystemError } from "./storage-errors.ts";
import { makeDirectories, SyncedDirectory } from "./synced-directory.ts";

export type JournalFileKind = "checkpoint" | "changes";

/** A file of the journal. */
export interface JournalFile {
  readonly kind: JournalFileKind;
  /** A checkpoint: the newest event in it. Changes: the event behind which they begin. */
  readonly sequence: number;
  readonly path: string;
}

const DIGITS = 16;
const STALE = "stale";

export class JournalFolder {
  readonly path: string;

  constructor(root: string) {
    this.path = journalDirectory(root);
  }

  /** Makes the folder if it is missing, and removes what a crash left half written. */
  async prepare(): Promise<void> {
    await makeDirectories([this.path]);
    for (const name of await listDirectory(this.path))
      if (name.endsWith(".tmp")) await unlinkPath(join(this.path, name));
  }

  /** By their sequences, the lowest first. Empty where there is no journal. */
  async list(): Promise<readonly JournalFile[]> {
    const names = await listDirectory(this.path).catch((error: unknown) => {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    });
    return names
      .map((name) => this.#fileOf(name))
      .filter((file) => file !== undefined)
      .toSorted((a, b) => a.sequence - b.sequence);
  }

  /** In bytes. */
  async sizeOf({ path }: JournalFile): Promise<number> {
    return (await statPath(path)).size;
  }

  /** The lines of a file, without their ends; the last may be torn. */
  async *lines({ path }: JournalFile): AsyncGenerator<string, void, undefined> {
    const input = createReadStream(path, { highWaterMark: 256 * 1024 });
    try {
      yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    } finally {
      input.destroy();
    }
  }

  /** A new file of changes behind the sequence. One that is there already is empty, or was torn: it begins anew. */
  async createChanges(sequence: number): Promise<GrowingFile> {
    const file = new GrowingFile(await openFile(this.#pathOf("changes", sequence), "w"));
    await this.#sync();
    return file;
  }

  /** Writes a checkpoint. It counts once `complete` has resolved; `abandon` removes what is there of it. */
  async createCheckpoint(): Promise<CheckpointFile> {
    const path = join(this.path, "checkpoint.tmp");
    return new CheckpointFile(new GrowingFile(await openFile(path, "w")), {
      complete: async (sequence) => {
        await renamePath(path, this.#pathOf("checkpoint", sequence));
        await this.#sync();
      },
      abandon: () => unlinkPath(path),
    });
  }

  /** Of these, removes what the checkpoint of that sequence makes superfluous; from then on nothing is stale. */
  async removeBefore(sequence: number, files: readonly JournalFile[]): Promise<void> {
    for (const file of files) {
      const isNew = file.kind === "checkpoint" && file.sequence === sequence;
      if (!isNew) await unlinkPath(file.path);
    }
    if (await this.isStale()) await unlinkPath(join(this.path, STALE));
  }

  /** True: something was changed since that no event tells of. */
  async isStale(): Promise<boolean> {
    return (await listDirectory(this.path)).includes(STALE);
  }

  /** For whoever changes such a thing while nobody follows the log. */
  async markStale(): Promise<void> {
    await makeDirectories([this.path]);
    await new GrowingFile(await openFile(join(this.path, STALE), "w")).close();
    await this.#sync();
  }

  /** Renames the whole folder; the name of where it is now is returned. Undefined: there is none. */
  async moveAside(suffix: string): Promise<string | undefined> {
    const target = `${this.path}.${suffix}`;
    try {
      await renamePath(this.path, target);
      return target;
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  #pathOf(kind: JournalFileKind, sequence: number): string {
    return join(this.path, `${kind}-${String(sequence).padStart(DIGITS, "0")}`);
  }

  #fileOf(name: string): JournalFile | undefined {
    const [, kind, digits] = /^(checkpoint|changes)-(\d{16})$/.exec(name) ?? [];
    if (kind !== "checkpoint" && kind !== "changes") return undefined;
    return { kind, sequence: Number(digits), path: join(this.path, name) };
  }

  async #sync(): Promise<void> {
    const directory = await SyncedDirectory.open(this.path);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

interface CheckpointEnds {
  readonly complete: (sequence: number) => Promise<void>;
  readonly abandon: () => Promise<void>;
}

export class CheckpointFile {
  readonly #file: GrowingFile;
  readonly #ends: CheckpointEnds;

  constructor(file: GrowingFile, ends: CheckpointEnds) {
    this.#file = file;
    this.#ends = ends;
  }

  get size(): number {
    return this.#file.size;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#file.append(bytes);
  }

  /** Durable, as the checkpoint at that event, when it resolves. */
  async complete(sequence: number): Promise<void> {
    await this.#file.close();
    await this.#ends.complete(sequence);
  }

  async abandon(): Promise<void> {
    await this.#file.drop();
    await this.#ends.abandon();
  }
}
