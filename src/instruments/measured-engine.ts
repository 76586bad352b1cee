// The catalogue's engine with a clock around it. Records that the catalogue has in
// memory never come here, so that the fastest requests pay nothing.
import type {
  Engine,
  EngineCommit,
  EngineEntry,
  EngineRange,
  EngineSnapshot,
  SequencedEvent,
} from "../metadata/engine.ts";
import type { Distribution } from "../telemetry/accumulators.ts";
import type { TimesOf } from "./store-metrics.ts";
import { timed } from "./timed.ts";

export class MeasuredEngine implements Engine {
  readonly #engine: Engine;
  readonly #commits: Distribution;
  readonly #times;

  constructor(engine: Engine, times: TimesOf, commits: Distribution) {
    this.#engine = engine;
    this.#commits = commits;
    this.#times = {
      get: times("GetContent"),
      scan: times("List"),
      commit: times("Commit"),
      events: times("ReadEvents"),
    };
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return timed(this.#times.get, () => this.#engine.get(key));
  }

  scan(range: EngineRange): Promise<readonly EngineEntry[]> {
    return timed(this.#times.scan, () => this.#engine.scan(range));
  }

  commit(commit: EngineCommit): Promise<number> {
    return timed(this.#commits, () => timed(this.#times.commit, () => this.#engine.commit(commit)));
  }

  readEvents(
    after: number,
    limit: number,
    options?: { readonly maxBytes?: number },
  ): Promise<readonly SequencedEvent[]> {
    return timed(this.#times.events, () => this.#engine.readEvents(after, limit, options));
  }

  lastSequence(): number {
    return this.#engine.lastSequence();
  }

  trimEvents(upTo: number): Promise<void> {
    return this.#engine.trimEvents(upTo);
  }

  trimmedSequence(): number {
    return this.#engine.trimmedSequence();
  }

  snapshot(): Promise<EngineSnapshot> {
    return this.#engine.snapshot();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}
