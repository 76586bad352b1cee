// The services over the configured data in this process, without a server: what
// commands talk to that are told to work offline. They take the lock that a server has
// while it runs.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { JournalFolder } from "./blobs/journal-folder.ts";
import type { Config } from "./config/config.ts";
import { CatalogueInUse } from "./metadata/level-files.ts";
import { Notifier } from "./notify/notifier.ts";
import type { Job, MaintenanceParts } from "./rpc/maintenance-parts.ts";
import { Reception } from "./rpc/reception.ts";
import { createRoutes, type MountServices } from "./rpc/routes.ts";
import { dataFolder } from "./stores.ts";
import { openStudy, type Study, type StudyDependencies } from "./study.ts";
import { createUpkeep } from "./upkeep.ts";

export interface OfflineDependencies extends StudyDependencies {
  /** Of this program, "0.1.0": stands in snapshots. */
  readonly version: string;
  /** Told of every error that no caller is told of. */
  readonly report: (error: unknown) => void;
}

export interface OfflineRegistry {
  /** Mounts the services of stowage.v1. */
  readonly routes: MountServices;
  /** Closes the data once the step is done that a job is at. */
  readonly close: () => Promise<void>;
}

/** Throws an Error with a message for the operator when there is no data, or a server has it open. */
export async function openOffline(
  config: Config,
  dependencies: OfflineDependencies,
): Promise<OfflineRegistry> {
  requireData(config);
  const { version, report, now, newId, source } = dependencies;
  const study = await openAlone(config, dependencies);
  const { context, core } = study;
  const jobs = new UnderWay();
  const { storage } = config;
  // The server that runs next writes it anew.
  const onRepaired = () =>
    storage.kind === "filesystem"
      ? new JournalFolder(dataFolder(storage.rootDirectory)).markStale()
      : undefined;
  const { parts } = createUpkeep({ config, context, core, version, onRepaired });
  // Whoever may read the files is nobody's guest.
  const caller = { id: "", isAdmin: true };
  const everybody = { allowed: true, reason: "no server is asked", known: false, groups: [] };
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const { metadata } = context;
  const routes = createRoutes(core, {
    reception: new Reception({ caller, readOnly: config.readOnly }),
    maintenance: followed(parts, jobs),
    // Never opened: webhooks hear of what is done here from the server that runs next.
    notifier: new Notifier({
      ...{ metadata, events: core.events, webhooks: [], includeReferences: false },
      ...{ source, now, newId, log },
    }),
    auth: { explain: () => everybody, isAdmin: () => true, challenge: () => "" },
    report,
  });
  const close = async () => {
    await jobs.ended();
    await study.close();
  };
  return { routes, close };
}

/** A wrong path would make a new registry there, and find it in good order. */
function requireData({ storage }: Config): void {
  if (storage.kind === "memory")
    throw new Error("the configuration keeps everything in memory: offline there is nothing to open");
  const folder = dataFolder(storage.rootDirectory);
  if (!existsSync(resolve(folder, "metadata")))
    throw new Error(`there is no registry's data in ${folder}; does --config name the right configuration?`);
}

async function openAlone(config: Config, dependencies: StudyDependencies): Promise<Study> {
  try {
    return await openStudy(config, dependencies);
  } catch (error) {
    if (!(error instanceof CatalogueInUse)) throw error;
    throw new Error(
      `another process has this data open (a server, or another offline command): leave out --offline, or end it (${error.message})`,
    );
  }
}

/** What has begun and not yet ended: whoever called may have left. */
class UnderWay {
  readonly #all = new Set<Promise<void>>();

  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }

  /** Call what it returns when the work has ended. */
  begin(): () => void {
    const { promise, resolve: done } = Promise.withResolvers<void>();
    this.#all.add(promise);
    return () => {
      this.#all.delete(promise);
      done();
    };
  }
}

function followed(parts: MaintenanceParts, jobs: UnderWay): MaintenanceParts {
  const follow = <Options, Item>(job: Job<Options, Item>): Job<Options, Item> =>
    async function* (options, signal) {
      const end = jobs.begin();
      try {
        yield* job(options, signal);
      } finally {
        end();
      }
    };
  return {
    ...parts,
    collect: follow(parts.collect),
    simulateRetention: follow(parts.simulateRetention),
    applyRetention: follow(parts.applyRetention),
    scrub: follow(parts.scrub),
    fsck: follow(parts.fsck),
    purgeUploads: follow(parts.purgeUploads),
    takeSnapshot: follow(parts.takeSnapshot),
    purgeDeleted: (choice, signal) => parts.purgeDeleted(choice, signal).finally(jobs.begin()),
  };
}

function ignore(): void {}
