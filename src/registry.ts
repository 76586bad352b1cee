// The fuse box: the only place that opens stores and wires them to the rules and
// the services. What it returns is a whole registry without a network.
import { Lodge } from "./auth/lodge.ts";
import { beginChores } from "./chores.ts";
import type { PolicyRule } from "./config/access.ts";
import type { Config } from "./config/config.ts";
import { Bridge } from "./core/bridge.ts";
import { type Core, createCore } from "./core/core.ts";
import type { Listener } from "./core/listener.ts";
import { forgetPullsSince, PullRecorder } from "./core/pulls.ts";
import { Retention } from "./core/retention.ts";
import { registryFigures } from "./instruments/debug-vars.ts";
import { DiskSpace, readDisk } from "./instruments/disk-space.ts";
import type { Instruments } from "./instruments/instruments.ts";
import { storageChecks } from "./instruments/storage-checks.ts";
import { tracedCore } from "./instruments/traced-core.ts";
import { tracedStores } from "./instruments/traced-stores.ts";
import { CellarJournal } from "./maintenance/journal/journal.ts";
import type { MetadataStore } from "./metadata/metadata-store.ts";
import type { SourceRecord } from "./metadata/records.ts";
import { Notifier } from "./notify/notifier.ts";
import type { AuthServiceParts } from "./rpc/auth-service.ts";
import type { CallObserver } from "./rpc/call-observer.ts";
import { Reception } from "./rpc/reception.ts";
import { createRoutes, type MountServices } from "./rpc/routes.ts";
import { Throttle } from "./rpc/throttle.ts";
import { closeStores, dataFolder, diskPlace, openStores, type StoresOptions } from "./stores.ts";
import { coreContext } from "./study.ts";
import type { HealthCheck } from "./telemetry/health.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Scopes } from "./telemetry/scope.ts";
import { createUpkeep } from "./upkeep.ts";

/** How often events are looked through for old ones, in milliseconds. */
const RETENTION_INTERVAL_MS = 60 * 1000;

/** How often sessions that ended long ago are forgotten, in milliseconds. */
const FORGET_INTERVAL_MS = 15 * 60 * 1000;

export interface RegistryDependencies {
  readonly logger: Logger;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** The process, as its events name it. */
  readonly source: SourceRecord;
  /** Of this program, "0.1.0": stands in snapshots. */
  readonly version: string;
  /** Told of all that is done. Absent: what writes the event log. */
  readonly listener?: Listener;
  /** When an event stream sends a keepalive, in milliseconds. Absent: after 15 seconds. */
  readonly keepaliveMs?: number;
  /** Watches every call. Absent: nobody does. */
  readonly callObserver?: CallObserver | undefined;
  /** Measures the stores, and asks what there is at each scrape. Absent: nothing is measured. */
  readonly instruments?: Instruments | undefined;
  /** Where traced requests are found. Absent: none is traced. */
  readonly tracedIn?: Scopes | undefined;
}

export interface Registry {
  /** Mounts the services of stowage.v1. */
  readonly routes: MountServices;
  /** From now on this is the policy. Without effect where nobody is asked who they are. */
  readonly setPolicy: (rules: readonly PolicyRule[] | undefined) => void;
  /** Begins to deliver webhooks. Call it when the registry answers: receivers come and ask about what they are told. */
  readonly begin: () => void;
  /** Delivers no more; resolves when POSTs under way have ended or been broken off. Call it before the port closes. */
  readonly end: () => Promise<void>;
  /** What tells whether its data is well. */
  readonly healthChecks: readonly HealthCheck[];
  /** How much there is of everything, for /debug/vars. */
  readonly figures: () => Promise<object>;
  /** Closes the stores; call it when no request is running any more. */
  readonly close: () => Promise<void>;
}

/** Opens a registry; throws an Error with a message for the operator when its data cannot be opened. */
export async function createRegistry(config: Config, dependencies: RegistryDependencies): Promise<Registry> {
  const { logger, now, newId, keepaliveMs, tracedIn, instruments } = dependencies;
  const tell: StoresOptions["tell"] = (facts, message) => logger.info(facts, message);
  const warn: StoresOptions["warn"] = (facts, message) => logger.warn(facts, message);
  const stores = await openStores(config, { now, tell, warn, measures: instruments?.stores });
  let lodge: Lodge | undefined;
  let journal: CellarJournal | undefined;
  try {
    journal = await openJournal(config, stores.metadata, dependencies);
    lodge = await openLodge(config, stores.metadata, dependencies);
    const reception = new Reception({
      throttle: new Throttle(config.http),
      readOnly: config.readOnly,
      onRefused: (facts) => {
        instruments?.credentialsRefused();
        logger.debug(facts, "credentials were refused");
      },
      ...(lodge !== undefined && { doorman: lodge.doorman }),
    });
    const pulls = recordPulls(config, stores.metadata, dependencies);
    if (!config.readOnly) await (pulls?.flush() ?? forgetPullsSince(stores.metadata));
    const listener =
      dependencies.listener ?? new Bridge({ ...dependencies, ...(pulls !== undefined && { pulls }) });
    const context = coreContext(config, tracedIn === undefined ? stores : tracedStores(stores, tracedIn), {
      now,
      newId,
      listener,
    });
    const rules = createCore(context);
    const core = tracedIn === undefined ? rules : tracedCore(rules, tracedIn);
    if (!config.readOnly) await core.uploads.sweepOrphans();
    const notifier = await openNotifier(config, core, stores.metadata, dependencies);
    const onRepaired = () => journal?.renew();
    const { version } = dependencies;
    const upkeep = createUpkeep({ config, context, core, version, onRepaired });
    const { collector } = upkeep;
    const { metadata } = stores;
    const folder = folderOf(config);
    const disk = folder === undefined ? undefined : new DiskSpace({ ask: () => readDisk(folder), now });
    const parts = { metadata, core: rules, notifier, collector, now, disk };
    const stopMeasuring = instruments?.watchRegistry(parts);
    const stopHousework = keepHouse(config, { core, notifier, metadata: stores.metadata }, dependencies);
    const stopChores = beginChores(config, { upkeep, metadata: stores.metadata, now, logger });
    const report = (error: unknown, method: string) => logger.error({ err: error, method }, "request failed");
    const end = () =>
      notifier.close().catch((error: unknown) => logger.error({ err: error }, "stopping webhooks failed"));
    return {
      routes: createRoutes(core, {
        notifier,
        reception,
        maintenance: upkeep.parts,
        auth: authParts(lodge, config),
        report,
        observer: dependencies.callObserver,
        ...(keepaliveMs !== undefined && { keepaliveMs }),
      }),
      setPolicy: (rules) => lodge?.doorman.may.setPolicy(rules),
      begin: () => notifier.begin(),
      end,
      healthChecks: healthChecks(config, stores.metadata),
      figures: () => registryFigures({ metadata: stores.metadata, webhooks: () => notifier.list(), disk }),
      async close() {
        stopHousework();
        await stopChores();
        await end();
        await pulls?.close();
        await lodge?.close();
        await journal?.close();
        stopMeasuring?.();
        await closeStores(stores);
      },
    };
  } catch (error) {
    await lodge?.close();
    await journal?.close();
    await closeStores(stores);
    throw error;
  }
}

function healthChecks(
  { storage, health, readOnly }: Config,
  metadata: MetadataStore,
): readonly HealthCheck[] {
  if (health.storage === undefined) return [];
  const disk = storage.kind === "memory" ? {} : { disk: diskPlace(storage.rootDirectory) };
  return storageChecks({ ...health.storage, ...disk, metadata, readOnly });
}

function folderOf({ storage }: Config): string | undefined {
  return storage.kind === "memory" ? undefined : dataFolder(storage.rootDirectory);
}

/** Beside the blobs on a disk lies what it takes to make the catalogue again. */
async function openJournal(
  { storage, readOnly }: Config,
  metadata: MetadataStore,
  { logger, now }: RegistryDependencies,
): Promise<CellarJournal | undefined> {
  if (storage.kind === "memory" || readOnly) return undefined;
  const folder = dataFolder(storage.rootDirectory);
  const report = (message: string, facts: object) => logger.warn(facts, message);
  const journal = await CellarJournal.open({ folder, metadata, now, report });
  journal.begin();
  return journal;
}

function openLodge(
  { auth }: Config,
  metadata: MetadataStore,
  { logger, now, newId }: RegistryDependencies,
): Promise<Lodge | undefined> {
  const report = (message: string, facts: object) => logger.warn(facts, message);
  const tell = (message: string, facts: object) => logger.info(facts, message);
  return Lodge.open({ auth, metadata, now, newId, report, tell });
}

function authParts(lodge: Lodge | undefined, { auth }: Config): AuthServiceParts {
  if (lodge === undefined) {
    const reason = `everybody may do everything: ${auth.mode === "none" ? "auth.none says so" : "there is no auth section"}`;
    const everybody = { allowed: true, reason, known: false, groups: [] };
    return { explain: () => everybody, isAdmin: () => true, challenge: () => "" };
  }
  const { tokens, accessTokens, doorman } = lodge;
  return {
    tokens,
    accessTokens,
    explain: (question) => lodge.explain(question),
    isAdmin: (who) => doorman.may.isAdmin(who),
    challenge: () => doorman.basicChallenge(),
  };
}

function recordPulls(
  { events }: Config,
  metadata: MetadataStore,
  { logger, now, newId, source }: RegistryDependencies,
): PullRecorder | undefined {
  if (!events.pulls.enabled) return undefined;
  const report = (message: string, facts: object) => logger.warn(facts, message);
  return new PullRecorder({ metadata, now, newId, source, head: events.pulls.head, report });
}

async function openNotifier(
  { notifications }: Config,
  { events }: Core,
  metadata: MetadataStore,
  { logger, now, newId, source }: RegistryDependencies,
): Promise<Notifier> {
  const { endpoints: webhooks, includeReferences } = notifications;
  const common = { metadata, events, now, newId, source, log: logger };
  const notifier = new Notifier({ ...common, webhooks, includeReferences });
  await notifier.open();
  return notifier;
}

/** What is done now and then, beginning now. Returns how to stop it. */
function keepHouse(
  { events }: Config,
  {
    core,
    notifier,
    metadata,
  }: { readonly core: Core; readonly notifier: Notifier; readonly metadata: MetadataStore },
  { logger, now }: RegistryDependencies,
): () => void {
  const others = async () => notifier.positions();
  const retention = new Retention({ ...events.retention, metadata, now, others });
  let isStopped = false;
  // What is broken off by closing has not failed: it is done again after the next start.
  const failed = (message: string) => (error: unknown) => {
    if (!isStopped) logger.warn({ err: error }, message);
  };
  const stops = [
    regularly(FORGET_INTERVAL_MS, () =>
      core.uploads.forgetClosed().catch(failed("forgetting old uploads failed")),
    ),
    regularly(RETENTION_INTERVAL_MS, () =>
      retention
        .run()
        .then(() => notifier.noteRemoved())
        .catch(failed("removing old events failed")),
    ),
  ];
  return () => {
    isStopped = true;
    for (const stop of stops) stop();
  };
}

function regularly(intervalMs: number, work: () => Promise<void>): () => void {
  const timer = setInterval(() => void work(), intervalMs);
  timer.unref();
  void work();
  return () => clearInterval(timer);
}
