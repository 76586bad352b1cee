// The journal in the cellar: beside the blobs stands whose they are, so that the
// catalogue can be made again (rebuild.ts) when it is lost with all its copies. It
// follows the event log a little behind, and nobody ever waits for it: what it could
// not write it writes later, and where the log does not reach back far enough it
// begins anew with a checkpoint of all there is.
import type { JournalFile } from "../../blobs/journal-folder.ts";
import { JournalFolder } from "../../blobs/journal-folder.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { stamp } from "../catalogue-site.ts";
import { JournalChanges } from "./journal-changes.ts";
import { writeCheckpoint } from "./journal-checkpoint.ts";
import { JournalPauses } from "./journal-pauses.ts";
import { lastSequenceIn } from "./journal-position.ts";

export interface JournalOptions {
  /** The folder that holds the blobs' one; the journal's stands beside that. */
  readonly folder: string;
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told of what goes wrong. */
  readonly report: (message: string, facts: object) => void;
  /** Changes of so many bytes are worth a checkpoint, however small that is. Absent: 16 MiB. */
  readonly minChangesBytes?: number;
}

const DEFAULT_MIN_CHANGES_BYTES = 16 * 1024 * 1024;

/** It writes and syncs once in so long, in milliseconds. */
const INTERVAL_MS = 1000;

/** After a failure it waits so long, and after each further one twice as long, up to the last. */
const RETRY_MS = [2_000, 60_000] as const;

export class CellarJournal {
  readonly #options: JournalOptions;
  readonly #folder: JournalFolder;
  readonly #changes: JournalChanges;
  readonly #closing = new AbortController();
  readonly #pauses: JournalPauses;
  #running: Promise<void> | undefined;
  #isStarted = false;
  #needsCheckpoint = false;
  #checkpointBytes = 0;

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#folder = new JournalFolder(options.folder);
    this.#changes = new JournalChanges(options.metadata, this.#folder);
    this.#pauses = new JournalPauses(options.metadata, this.#closing.signal);
  }

  /** Opens nothing yet: whatever is wrong with the journal, the registry starts. */
  static open(options: JournalOptions): Promise<CellarJournal> {
    return Promise.resolve(new CellarJournal(options));
  }

  /** From now on it follows the log. */
  begin(): void {
    this.#running ??= this.#run();
  }

  /** Something was changed that no event tells of: it writes a checkpoint. */
  renew(): void {
    this.#needsCheckpoint = true;
    this.#pauses.wake();
  }

  /** Writes what is left to write, once. Call it before the catalogue is closed. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pauses.wake();
    await this.#running;
    try {
      if (this.#needsCheckpoint) await this.#folder.markStale();
      else if (this.#isStarted) await this.#changes.finish();
    } catch (error) {
      this.#options.report("the journal could not be finished", { err: error });
    }
    await this.#changes.drop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#work();
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        this.#isStarted = false;
        await this.#changes.drop();
        if (failures === 0) this.#options.report("the journal cannot be written", { err: error });
        const [first, last] = RETRY_MS;
        await this.#pauses.pause(Math.min(first * 2 ** failures++, last));
      }
    }
  }

  /** Until it is closed, or fails. */
  async #work(): Promise<void> {
    const { metadata } = this.#options;
    const { signal } = this.#closing;
    if (!this.#isStarted) await this.#start();
    while (!signal.aborted) {
      if (!this.#needsCheckpoint) await this.#follow();
      if (this.#needsCheckpoint || this.#hasGrown()) await this.#checkpoint();
      else if (this.#changes.position < metadata.lastSequence()) await this.#pauses.pause(INTERVAL_MS);
      else {
        await this.#pauses.waitBehind(this.#changes.position);
        // What comes with the first event goes with it.
        await this.#pauses.pause(INTERVAL_MS);
      }
    }
  }

  /** Finds out how far an earlier process came. */
  async #start(): Promise<void> {
    const { metadata, now, report } = this.#options;
    await this.#folder.prepare();
    let files = await this.#folder.list();
    const position = await lastSequenceIn(this.#folder, files);
    if (position > metadata.lastSequence()) {
      const movedTo = await this.#folder.moveAside(`ahead-${stamp(now())}`);
      const facts = { journal: position, catalogue: metadata.lastSequence(), movedTo };
      report("the journal knows more than the catalogue, which may have lost something; it is kept", facts);
      await this.#folder.prepare();
      files = [];
    }
    const checkpoint = files.findLast(({ kind }) => kind === "checkpoint");
    this.#needsCheckpoint ||= checkpoint === undefined || (await this.#folder.isStale());
    this.#checkpointBytes = checkpoint === undefined ? 0 : await this.#folder.sizeOf(checkpoint);
    this.#changes.start(position);
    this.#changes.earlierBytes = await this.#sizeOf(files.filter(({ kind }) => kind === "changes"));
    this.#isStarted = true;
  }

  async #sizeOf(files: readonly JournalFile[]): Promise<number> {
    let bytes = 0;
    for (const file of files) bytes += await this.#folder.sizeOf(file);
    return bytes;
  }

  #hasGrown(): boolean {
    const { minChangesBytes = DEFAULT_MIN_CHANGES_BYTES } = this.#options;
    return this.#changes.bytes > Math.max(minChangesBytes, this.#checkpointBytes);
  }

  /** Without gaps, or a checkpoint is needed. */
  async #follow(): Promise<void> {
    if (!(await this.#changes.follow(this.#closing.signal))) this.#needsCheckpoint = true;
    await this.#changes.sync();
  }

  async #checkpoint(): Promise<void> {
    const isGap = this.#needsCheckpoint;
    this.#needsCheckpoint = false; // it may be asked for again meanwhile
    try {
      await this.#replaceFiles(isGap);
    } catch (error) {
      this.#needsCheckpoint ||= isGap;
      throw error;
    }
  }

  async #replaceFiles(isGap: boolean): Promise<void> {
    const former = await this.#folder.list();
    await this.#changes.rotate();
    await using snapshot = await this.#options.metadata.snapshot();
    this.#checkpointBytes = await writeCheckpoint(this.#folder, snapshot, {
      signal: this.#closing.signal,
      // Behind a gap nothing counts before the checkpoint is there.
      meanwhile: isGap ? () => Promise.resolve() : () => this.#follow(),
      intervalMs: INTERVAL_MS,
    });
    if (isGap) this.#changes.start(snapshot.lastSequence);
    await this.#folder.removeBefore(snapshot.lastSequence, former);
    this.#changes.earlierBytes = 0;
  }
}
