// Puts the rooms of maintenance together: for the service that is asked for their
// work, and for what the registry does by itself. Both use the same jobs, so that
// nothing runs beside itself.
import type { Config } from "./config/config.ts";
import type { CoreContext } from "./core/context.ts";
import type { Core } from "./core/core.ts";
import { takeSnapshot } from "./maintenance/backup/snapshot.ts";
import { readCatalogueStatus } from "./maintenance/catalogue-status.ts";
import { Collector } from "./maintenance/collector/collector.ts";
import { explainBlob } from "./maintenance/collector/explain.ts";
import { purgeDeleted } from "./maintenance/collector/purge-deleted.ts";
import { Fsck } from "./maintenance/fsck/fsck.ts";
import { MaintenanceJobs } from "./maintenance/jobs.ts";
import { Retention } from "./maintenance/retention/retention.ts";
import { Scrub } from "./maintenance/scrub.ts";
import { UploadPurge } from "./maintenance/uploads/upload-purge.ts";
import { UploadPurgeRuns } from "./maintenance/uploads/upload-purge-runs.ts";
import type { MaintenanceParts, MaintenanceStatus } from "./rpc/maintenance-parts.ts";

export interface UpkeepOptions {
  readonly config: Config;
  readonly context: CoreContext;
  readonly core: Core;
  /** Of this program, for backups. */
  readonly version: string;
  /** Called when cards may have been changed without an event: the journal has to be written anew. */
  readonly onRepaired: () => Promise<void> | void;
}

export interface Upkeep {
  /** One of a kind at a time; the collector sees to that itself. */
  readonly jobs: MaintenanceJobs;
  readonly collector: Collector;
  readonly retention: Retention;
  readonly uploadPurges: UploadPurgeRuns;
  /** The same for whoever asks for it. */
  readonly parts: MaintenanceParts;
}

export function createUpkeep({ config, context, core, version, onRepaired }: UpkeepOptions): Upkeep {
  const { metadata, uploads: store, now } = context;
  const jobs = new MaintenanceJobs();
  const collector = new Collector({ context, rate: config.gc.rate });
  const retention = new Retention({ context, core, config: config.retention });
  const scrub = new Scrub(context);
  const fsck = new Fsck(context);
  const { graceMs } = config.gc;
  const { ageMs } = config.uploadPurging;
  const purge = new UploadPurge({ metadata, uploads: core.uploads, store, now, ageMs });
  const uploadPurges = new UploadPurgeRuns({ purge, jobs, now });
  const status = async (): Promise<MaintenanceStatus> => ({
    ...(await readCatalogueStatus(metadata, now())),
    readOnly: config.readOnly,
    collector: collector.status,
    isScrubbing: jobs.isRunning("scrub"),
    ...(uploadPurges.last !== undefined && { uploadPurge: uploadPurges.last }),
  });
  const parts: MaintenanceParts = {
    status,
    explainBlob: (digest) => explainBlob(context, digest),
    collect: (request, signal) => collector.run(request, signal),
    simulateRetention: (request, signal) => retention.simulate(request, signal),
    applyRetention: (request, signal) => jobs.run("retention", () => retention.apply(request, signal)),
    scrub: ({ rate = config.scrub.rate, restart }, signal) =>
      jobs.run("scrub", () => scrub.run({ rate, restart }, signal)),
    fsck: (request, signal) =>
      jobs.run("fsck", () => afterRepair(fsck.run({ ...request, graceMs }, signal), request, onRepaired)),
    purgeUploads: (request, signal) => uploadPurges.run(request, signal),
    takeSnapshot: ({ withSecrets }, signal) =>
      jobs.run("snapshot", () => takeSnapshot(metadata, { withSecrets, signal, now, version })),
    purgeDeleted: (choice, signal) => purgeDeleted({ trash: core.trash, now }, choice, signal),
  };
  return { jobs, collector, retention, uploadPurges, parts };
}

async function* afterRepair<Item>(
  items: AsyncIterable<Item>,
  { repair }: { readonly repair: boolean },
  onRepaired: UpkeepOptions["onRepaired"],
): AsyncGenerator<Item, void, undefined> {
  try {
    yield* items;
  } finally {
    if (repair) await onRepaired();
  }
}
