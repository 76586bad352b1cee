// Counts what an import does and keeps what it has to say until somebody takes it.
import type { RepositoryName } from "../../oci/reference.ts";
import type { Finding, ImportCounts, ImportItem } from "./findings.ts";

/** How often progress is told, in milliseconds. */
const PROGRESS_INTERVAL_MS = 200;

type Counts = { -readonly [K in keyof ImportCounts]: Mutable<ImportCounts[K]> };
type Mutable<T> = T extends object ? { -readonly [K in keyof T]: T[K] } : T;

export class Tally {
  readonly counts: Counts = {
    repositories: 0,
    tags: 0,
    manifests: 0,
    links: 0,
    blobs: { linked: 0, copied: 0, present: 0 },
    bytes: { linked: 0, copied: 0 },
    present: { tags: 0, manifests: 0, links: 0 },
    problems: 0,
    notes: 0,
  };
  readonly #now: () => number;
  #items: ImportItem[] = [];
  #wake: (() => void) | undefined;
  #lastProgress = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly report = (finding: Finding): void => {
    if (finding.level === "problem") this.counts.problems += 1;
    else this.counts.notes += 1;
    this.#add({ kind: "finding", finding });
  };

  /** To be called after something was done; most calls tell nobody. */
  progress(repository: RepositoryName): void {
    const now = this.#now();
    if (Math.abs(now - this.#lastProgress) < PROGRESS_INTERVAL_MS) return;
    this.#lastProgress = now;
    this.#add({ kind: "progress", counts: this.snapshot(), repository });
  }

  /** The counts as they are now. */
  snapshot(): ImportCounts {
    return structuredClone(this.counts);
  }

  /** What there is to say, as it comes, until the work ends; throws what that throws. */
  async *during(work: Promise<void>): AsyncGenerator<ImportItem, void, undefined> {
    let isDone = false;
    const end = () => {
      isDone = true;
      this.#wake?.();
    };
    work.then(end, end);
    for (;;) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      if (isDone) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await work;
  }

  #add(item: ImportItem): void {
    this.#items.push(item);
    this.#wake?.();
  }
}
