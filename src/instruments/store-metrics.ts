// What of the stores is measured: their own work, not what memory answers.
import type { BlobStore } from "../blobs/blob-store.ts";
import type { UploadStore } from "../blobs/upload-store.ts";
import type { Engine } from "../metadata/engine.ts";
import type { CommitStatistics } from "../metadata/group-commit.ts";
import type { Distribution, Tally } from "../telemetry/accumulators.ts";
import { type Metrics, reading } from "../telemetry/metrics.ts";
import { MeasuredBlobStore } from "./measured-blob-store.ts";
import { MeasuredEngine } from "./measured-engine.ts";
import { MeasuredUploadStore } from "./measured-upload-store.ts";
import { METRICS } from "./metric-table.ts";

/** Distribution's names of what it measures, and four of ours. */
export type Action =
  | "Stat"
  | "GetContent"
  | "PutContent"
  | "Delete"
  | "List"
  | "Reader"
  | "Writer"
  | "Move"
  | "Commit"
  | "ReadEvents";

export type TimesOf = (action: Action) => Distribution;

/** Puts a clock around the stores as they are opened. */
export interface StoreMeasures {
  readonly blobs: (store: BlobStore, driver: string) => BlobStore;
  readonly uploads: (store: UploadStore, driver: string) => UploadStore;
  readonly engine: (engine: CountedEngine, driver: string) => Engine;
}

/** An engine that knows how much it has written. */
export type CountedEngine = Engine & { readonly statistics: () => CommitStatistics };

export interface ByteTallies {
  readonly read: Tally;
  readonly written: Tally;
}

export function storeMeasures(metrics: Metrics): StoreMeasures {
  const family = metrics.distribution(METRICS.storageSeconds);
  const times =
    (driver: string): TimesOf =>
    (action) =>
      family.of({ driver, action });
  const commits = metrics.distribution(METRICS.commitSeconds).of({});
  const bytes = {
    read: metrics.tally(METRICS.blobBytesRead).of({}),
    written: metrics.tally(METRICS.blobBytesWritten).of({}),
  };
  return {
    blobs: (store, driver) => new MeasuredBlobStore(store, times(driver), bytes),
    uploads: (store, driver) => new MeasuredUploadStore(store, times(driver), bytes),
    engine: (engine, driver) => {
      metrics.read("commits", () => {
        const { commits, batches } = engine.statistics();
        return [reading(METRICS.commits, {}, commits), reading(METRICS.batches, {}, batches)];
      });
      return new MeasuredEngine(engine, times(driver), commits);
    },
  };
}
