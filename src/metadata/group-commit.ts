// The one writer of an engine. Callers queue; one synced batch is in flight; when
// it ends, all that queued meanwhile becomes the next. Nobody waits for a timer, so
// a single caller pays one sync, and many callers share one.
import { RegistryError } from "../oci/errors.ts";
import { BatchPlan, keysToKnow, type RowValue } from "./batch-plan.ts";
import type { EngineCommit } from "./engine.ts";
import type { LogBounds } from "./event-keys.ts";

/** What the writer writes to. */
export interface CommitTarget {
  /** The rows as they are now. */
  readRows(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, RowValue>>;
  /** Writes the plan durably, all or nothing; throws when it is not known to have happened. */
  write(plan: BatchPlan): Promise<void>;
  /** Called before the first use after a failure: finds out what happened, and returns where the log is now. */
  recover(): Promise<LogBounds>;
}

/** How much has been written since the engine was opened. */
export interface CommitStatistics {
  readonly commits: number;
  readonly batches: number;
}

/** What somebody waits for to be written. */
interface Work {
  readonly kind: "commit" | "trim";
  /** The rows that must be known before it can be admitted. */
  readonly keys: readonly string[];
  /** About how much it adds to a batch. */
  readonly bytes: number;
  /** Takes it into the plan, or throws; returns the sequence that is its answer. */
  readonly admit: (plan: BatchPlan) => number;
}

interface Waiting {
  readonly work: Work;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch is closed when one more commit would exceed either; a larger commit goes alone. */
const MAX_BATCH_COMMITS = 1024;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Turns many commits into few batches. */
export class GroupCommit {
  readonly #target: CommitTarget;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;
  #closed = false;
  #bounds: LogBounds;
  #commits = 0;
  #batches = 0;

  constructor(target: CommitTarget, bounds: LogBounds) {
    this.#target = target;
    this.#bounds = bounds;
  }

  /** The log's bounds as of the last durable batch. */
  get bounds(): LogBounds {
    return this.#bounds;
  }

  get statistics(): CommitStatistics {
    return { commits: this.#commits, batches: this.#batches };
  }

  /** Resolves when the commit is durable; see Engine.commit. */
  commit(commit: EngineCommit): Promise<number> {
    return this.#enqueue({
      kind: "commit",
      keys: keysToKnow(commit),
      bytes: sizeOf(commit),
      admit: (plan) => plan.admit(commit),
    });
  }

  /** Removes one chunk of the oldest events, none behind `upTo`; resolves, once it is durable, to up to where it came. */
  trimChunk(upTo: number): Promise<number> {
    return this.#enqueue({ kind: "trim", keys: [], bytes: 0, admit: (plan) => plan.trim(upTo) });
  }

  /** Resolves when the batch that is being written now has been answered. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  /** Takes no more commits, and resolves when those that were taken are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #enqueue(work: Work): Promise<number> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      this.#writing = this.#writeGroup(this.#takeGroup());
      await this.#writing;
    }
    this.#running = undefined;
    this.#writing = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { work } of this.#queue) {
      bytes += work.bytes;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count === MAX_BATCH_COMMITS)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      if (this.#failed) await this.#recover();
      const known = await this.#target.readRows(new Set(group.flatMap(({ work }) => work.keys)));
      const plan = new BatchPlan(known, this.#bounds);
      const answers = group.map((waiting) => admit(plan, waiting));
      if (!plan.isEmpty) {
        await this.#target.write(plan);
        this.#batches++;
        this.#commits += group.filter(({ work }) => work.kind === "commit").length;
      }
      this.#bounds = plan.bounds;
      for (const answer of answers) answer();
    } catch (error) {
      this.#failed = true;
      for (const { reject } of group) reject(error);
    }
  }

  async #recover(): Promise<void> {
    this.#bounds = await this.#target.recover();
    this.#failed = false;
  }
}

/** Admits the work; the answer is given once the batch is durable. */
function admit(plan: BatchPlan, { work, resolve, reject }: Waiting): () => void {
  try {
    const sequence = work.admit(plan);
    return () => resolve(sequence);
  } catch (error) {
    return () => reject(error);
  }
}

function sizeOf({ changes, events }: EngineCommit): number {
  let bytes = 0;
  for (const change of changes)
    bytes += change.key.length + (change.kind === "put" ? change.value.length : 0);
  for (const event of events) bytes += event.length;
  return bytes;
}

function closedError(): RegistryError {
  return new RegistryError("UNAVAILABLE", {}, { message: "the catalogue is closed" });
}
