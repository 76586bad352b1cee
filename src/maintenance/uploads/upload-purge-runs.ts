// Purges of uploads, whoever begins them: one at a time, counted, and the last one
// remembered for whoever asks how it went.
import type { MaintenanceJobs } from "../jobs.ts";
import type { IdleUpload, OrphanedBytes, UploadPurge, UploadPurgeOptions } from "./upload-purge.ts";

export interface UploadPurgeTotals {
  readonly examined: number;
  readonly purged: number;
  readonly bytes: number;
}

export interface UploadPurgeRun {
  /** In milliseconds since 1970. */
  readonly endTime: number;
  readonly totals: UploadPurgeTotals;
}

export type UploadPurgeStep =
  | IdleUpload
  | OrphanedBytes
  | { readonly kind: "progress" | "finished"; readonly totals: UploadPurgeTotals };

export interface UploadPurgeRunsParts {
  readonly purge: UploadPurge;
  readonly jobs: MaintenanceJobs;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
}

export class UploadPurgeRuns {
  readonly #parts: UploadPurgeRunsParts;
  #last: UploadPurgeRun | undefined;

  constructor(parts: UploadPurgeRunsParts) {
    this.#parts = parts;
  }

  /** The last that came to its end. Undefined: none since the process started. */
  get last(): UploadPurgeRun | undefined {
    return this.#last;
  }

  /** The last item is "finished", unless the signal ended it before. Throws MAINTENANCE_RUNNING. */
  run(options: UploadPurgeOptions, signal?: AbortSignal): AsyncGenerator<UploadPurgeStep, void, undefined> {
    return this.#parts.jobs.run("upload purge", () => this.#count(options, signal));
  }

  async *#count(
    options: UploadPurgeOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<UploadPurgeStep, void, undefined> {
    const { purge, now } = this.#parts;
    let totals: UploadPurgeTotals = { examined: 0, purged: 0, bytes: 0 };
    for await (const item of purge.run(options, signal)) {
      if (item.kind === "progress") {
        totals = { ...totals, examined: item.examined };
        yield { kind: "progress", totals };
      } else {
        totals = { ...totals, purged: totals.purged + 1, bytes: totals.bytes + item.size };
        yield item;
      }
    }
    if (signal?.aborted) return;
    this.#last = { endTime: now(), totals };
    yield { kind: "finished", totals };
  }
}
