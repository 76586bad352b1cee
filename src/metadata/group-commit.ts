// The one writer of an engine. Callers queue; one synced batch is in flight; when
// it ends, all that queued meanwhile becomes the next. Nobody waits for a timer, so
// a single caller pays one sync, and many callers share one.
import { RegistryError } from "../oci/errors.ts";
import { BatchPlan, keysToKnow, type RowValue } from "./batch-plan.ts";
import type { EngineCommit } from "./engine.ts";

/** What the writer writes to. */
export interface CommitTarget {
  /** The rows as they are now. */
  readRows(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, RowValue>>;
  /** Writes the plan durably, all or nothing; throws when it is not known to have happened. */
  write(plan: BatchPlan): Promise<void>;
  /** Called before the first use after a failure: finds out what happened, and returns the last sequence. */
  recover(): Promise<number>;
}

/** How much has been written since the engine was opened. */
export interface CommitStatistics {
  readonly commits: number;
  readonly batches: number;
}

interface Waiting {
  readonly commit: EngineCommit;
  readonly bytes: number;
  readonly resolve: (lastSequence: number) => void;
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
  #failed = false;
  #closed = false;
  #lastSequence: number;
  #commits = 0;
  #batches = 0;

  constructor(target: CommitTarget, lastSequence: number) {
    this.#target = target;
    this.#lastSequence = lastSequence;
  }

  /** The sequence of the newest durable event. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  get statistics(): CommitStatistics {
    return { commits: this.#commits, batches: this.#batches };
  }

  /** Resolves when the commit is durable; see Engine.commit. */
  commit(commit: EngineCommit): Promise<number> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ commit, bytes: sizeOf(commit), resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Takes no more commits, and resolves when those that were taken are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#writeGroup(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      bytes += waiting.bytes;
      if (count > 0 && (bytes > MAX_BATCH_BYTES || count === MAX_BATCH_COMMITS)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      if (this.#failed) await this.#recover();
      const known = await this.#target.readRows(new Set(group.flatMap(({ commit }) => keysToKnow(commit))));
      const plan = new BatchPlan(known, this.#lastSequence);
      const answers = group.map((waiting) => admit(plan, waiting));
      if (plan.rows.size > 0 || plan.events.length > 0) await this.#target.write(plan);
      this.#lastSequence = plan.lastSequence;
      this.#batches++;
      this.#commits += group.length;
      for (const answer of answers) answer();
    } catch (error) {
      this.#failed = true;
      for (const { reject } of group) reject(error);
    }
  }

  async #recover(): Promise<void> {
    this.#lastSequence = await this.#target.recover();
    this.#failed = false;
  }
}

/** Admits the commit; the answer is given once the batch is durable. */
function admit(plan: BatchPlan, { commit, resolve, reject }: Waiting): () => void {
  try {
    const lastSequence = plan.admit(commit);
    return () => resolve(lastSequence);
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
