// Records pulls. Telling it of one costs less than a microsecond and never waits;
// what was told is written to the event log a little later, many at once, and to
// each manifest's count. Beyond a number of pulls, those of the same client become
// one event that counts them.
import { pullsSinceKey } from "../metadata/keeping-keys.ts";
import { manifestKey } from "../metadata/keys.ts";
import { type MetadataStore, remove } from "../metadata/metadata-store.ts";
import type { EventRecord, ManifestRecord, SourceRecord } from "../metadata/records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import type { Pull } from "./listener.ts";
import type { Origin, RequestRecord } from "./origin.ts";
import { countPulls } from "./pull-counts.ts";
import { PullWindow, type RecordedPull } from "./pull-window.ts";

export interface PullRecorderOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** The process that writes the events. */
  readonly source: SourceRecord;
  /** True: also record that a client asked for a manifest's description only. */
  readonly head: boolean;
  /** Told of pulls that could not be recorded: a fixed message and its facts. */
  readonly report: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  /** How long pulls are gathered, in milliseconds. Absent: a second. */
  readonly flushMs?: number;
}

const FLUSH_MS = 1000;

/** So many events are committed at once: others' commits wait for no more. */
const BATCH = 1000;

/** The most events that wait to be written while that fails. */
const MAX_KEPT = 11_000;

export class PullRecorder {
  readonly #options: PullRecorderOptions;
  /** From when on it takes pulls. */
  readonly #since: number;
  /** True: the catalogue says since when pulls are counted. */
  #isSinceKnown = false;
  #window = new PullWindow();
  /** What could not be written. */
  #kept: readonly RecordedPull[] = [];
  #isFailing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: PullRecorderOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  /** Takes note of a pull, unless it is none or there are too many. Never throws. */
  add(origin: Origin, pull: Pull): void {
    if (this.#isClosed || (pull.headOnly && !this.#options.head)) return;
    const request = requestOf(origin);
    if (pull.headOnly && !asksForHead(request)) return;
    this.#window.add({ pull, request, actor: origin.actor, time: this.#options.now() });
    this.#timer ??= this.#startTimer();
  }

  /**
   * Writes what was noted so far, the first time also since when there is a count. When that fails it is tried again with
   * the next flush; does not throw.
   */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  /** Writes what was noted, and takes no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#kept.length > 0) this.#drop(this.#kept);
  }

  #startTimer(): NodeJS.Timeout {
    return setTimeout(() => void this.flush(), this.#options.flushMs ?? FLUSH_MS).unref();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { pulls, dropped } = this.#window;
    this.#window = new PullWindow();
    const due = [...this.#kept, ...pulls];
    const unwritten = await this.#commit(due.slice(0, MAX_KEPT));
    this.#kept = unwritten;
    this.#drop(due.slice(MAX_KEPT), dropped);
    if (unwritten.length > 0) this.#timer ??= this.#startTimer();
  }

  /** Resolves to those that could not be written. */
  async #commit(due: readonly RecordedPull[]): Promise<readonly RecordedPull[]> {
    const { metadata, report } = this.#options;
    for (let start = 0; start < due.length || !this.#isSinceKnown; start += BATCH) {
      const batch = due.slice(start, start + BATCH);
      try {
        await transact(metadata, (transaction) => this.#collect(transaction, batch));
        this.#isSinceKnown = true;
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) report("pulls could not be written to the event log yet", { err: error });
        this.#isFailing = true;
        return due.slice(start);
      }
    }
    return [];
  }

  #drop(pulls: readonly RecordedPull[], others = 0): void {
    const dropped = pulls.reduce((sum, { count }) => sum + count, others);
    if (dropped > 0) this.#options.report("pulls were not recorded", { pulls: dropped });
  }

  async #collect(transaction: Transaction, batch: readonly RecordedPull[]): Promise<void> {
    if (!this.#isSinceKnown && (await transaction.get(pullsSinceKey)) === undefined)
      transaction.put(pullsSinceKey, { time: this.#since });
    await countPulls(transaction, batch);
    for (const recorded of batch) {
      const { repository, descriptor } = recorded.pull;
      const card = await transaction.get(manifestKey(repository, descriptor.digest));
      transaction.append(this.#event(recorded, card));
    }
  }

  #event(recorded: RecordedPull, card: ManifestRecord | undefined): EventRecord {
    const { newId, source } = this.#options;
    const { pull, request, actor, time, count } = recorded;
    const { repository, descriptor, tag } = pull;
    // The same id each time it is tried: nobody knows whether a commit that failed happened.
    recorded.id ??= newId();
    return {
      id: recorded.id,
      time,
      repository,
      fact: {
        kind: "manifest_pulled",
        descriptor,
        ...(tag !== undefined && { tag }),
        ...(count > 1 && { count }),
        ...(card?.subject !== undefined && { subject: card.subject }),
        ...(card?.artifactType !== undefined && { artifactType: card.artifactType }),
      },
      ...(request !== undefined && { request }),
      ...(actor !== undefined && { actor }),
      source,
    };
  }
}

/** To be called where pulls are not recorded: whoever counts them again begins anew. */
export async function forgetPullsSince(metadata: MetadataStore): Promise<void> {
  if ((await metadata.get(pullsSinceKey)) === undefined) return;
  await metadata.commit({ changes: [remove(pullsSinceKey)] });
}

/** Undefined also where the connection is gone already and can no longer be asked. */
function requestOf(origin: Origin): RequestRecord | undefined {
  try {
    return origin.request;
  } catch {
    return undefined;
  }
}

/** A HEAD, or a call of a service; other methods look at a manifest on their way to something else. */
function asksForHead(request: RequestRecord | undefined): boolean {
  return request !== undefined && (request.method === "HEAD" || request.method.includes("/"));
}
