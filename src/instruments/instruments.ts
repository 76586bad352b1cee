// Everything that is measured, in one place: what watches requests, calls and stores,
// and what is asked at a scrape. Made only where somebody is to scrape.
import type { Core } from "../core/core.ts";
import type { Collector } from "../maintenance/collector/collector.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { ConnectionObserver } from "../server/connection-watch.ts";
import type { Tally } from "../telemetry/accumulators.ts";
import { Metrics, type MetricsPage, type Reading, reading } from "../telemetry/metrics.ts";
import type { ReadSource } from "../telemetry/source.ts";
import { callMetrics } from "./call-metrics.ts";
import type { CallSink } from "./call-watch.ts";
import { cacheReadings, eventReadings, uploadReadings, usageReadings } from "./catalogue-readings.ts";
import { diskReadings } from "./disk-readings.ts";
import type { DiskSpace } from "./disk-space.ts";
import { METRICS } from "./metric-table.ts";
import { requestMetrics } from "./request-metrics.ts";
import type { RequestSink } from "./request-watch.ts";
import { type StoreMeasures, storeMeasures } from "./store-metrics.ts";
import { collectorReadings, dueReadings, scrubReadings } from "./upkeep-readings.ts";
import { webhookReadings } from "./webhook-readings.ts";

/** What runs here. */
export interface Build {
  readonly version: string;
  /** Or "unknown". */
  readonly commit: string;
  readonly node: string;
}

export interface InstrumentsOptions {
  readonly build: Build;
  /** Told of what could not be read at a scrape. */
  readonly report: (error: unknown, source: string) => void;
}

/** An open registry, as far as it is asked at a scrape. */
export interface RegistryParts {
  readonly metadata: MetadataStore;
  readonly core: Pick<Core, "events">;
  readonly notifier: Pick<Notifier, "list">;
  readonly collector: Pick<Collector, "status">;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Where the data lies. Absent: in memory. */
  readonly disk?: DiskSpace | undefined;
}

/** Whether it is well. */
export interface HealthState {
  readonly isReady: boolean;
  readonly statuses: readonly { readonly name: string; readonly isHealthy: boolean }[];
}

export class Instruments {
  readonly requests: RequestSink;
  readonly calls: CallSink;
  readonly stores: StoreMeasures;
  readonly connections: ConnectionObserver;
  readonly #metrics: Metrics;
  readonly #credentials: Tally;

  constructor({ build, report }: InstrumentsOptions) {
    const metrics = new Metrics({ definitions: Object.values(METRICS), report });
    this.#metrics = metrics;
    this.requests = requestMetrics(metrics);
    this.calls = callMetrics(metrics);
    this.stores = storeMeasures(metrics);
    this.#credentials = metrics.tally(METRICS.credentialsRefused).of({});
    const refusals = metrics.tally(METRICS.connectionsRefused);
    const refused = { limit: refusals.of({ reason: "limit" }), address: refusals.of({ reason: "address" }) };
    this.connections = {
      refused: (reason) => refused[reason].add(),
      opened: (count) => metrics.read("connections", () => [reading(METRICS.connections, {}, count())]),
    };
    metrics
      .tally(METRICS.buildInfo)
      .of({ ...build })
      .add();
  }

  /** A password, a token or a certificate was wrong. */
  credentialsRefused(): void {
    this.#credentials.add();
  }

  /** Asks an open registry from now on. Returns how to stop, before it closes. */
  watchRegistry({ metadata, core, notifier, collector, now, disk }: RegistryParts): () => void {
    const sources: Readonly<Record<string, ReadSource<Reading>>> = {
      "descriptor cache": () => cacheReadings(metadata),
      usage: () => usageReadings(metadata),
      "upload sessions": () => uploadReadings(metadata, now()),
      events: () => eventReadings(metadata, core.events),
      webhooks: () => webhookReadings(notifier.list(), metadata, now()),
      collector: () => collectorReadings(collector.status),
      due: () => dueReadings(metadata, now()),
      scrub: () => scrubReadings(metadata),
      ...(disk !== undefined && { disk: () => diskReadings(disk) }),
    };
    const stops = Object.entries(sources).map(([name, read]) => this.#metrics.read(name, read));
    return () => {
      for (const stop of stops) stop();
    };
  }

  watchHealth(health: HealthState): void {
    this.#metrics.read("health", () => [
      reading(METRICS.ready, {}, health.isReady ? 1 : 0),
      ...health.statuses.map(({ name, isHealthy }) =>
        reading(METRICS.healthCheckUp, { check: name }, isHealthy ? 1 : 0),
      ),
    ]);
  }

  /** How many lines were given up. */
  watchLog(dropped: () => number): void {
    this.#metrics.read("log", () => [reading(METRICS.logLinesDropped, {}, dropped())]);
  }

  /** The answer to a scrape. */
  page(): Promise<MetricsPage> {
    return this.#metrics.page();
  }
}
