// The rules over the configured stores, without services and without anything that
// runs by itself: what the server stands on, and all that offline commands need.
import type { Config } from "./config/config.ts";
import { pathOfGlob, type QuotaConfig } from "./config/quotas.ts";
import { Bridge } from "./core/bridge.ts";
import type { CoreContext } from "./core/context.ts";
import { type Core, createCore } from "./core/core.ts";
import { DigestHolds } from "./core/holds.ts";
import type { Listener } from "./core/listener.ts";
import type { QuotaRule } from "./core/quotas.ts";
import type { SourceRecord } from "./metadata/records.ts";
import { parseGlob } from "./oci/glob.ts";
import { closeStores, openStores, type Stores } from "./stores.ts";

export interface StudyDependencies {
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** The process, as its events name it. */
  readonly source: SourceRecord;
}

export interface Study {
  readonly stores: Stores;
  readonly context: CoreContext;
  readonly core: Core;
  readonly close: () => Promise<void>;
}

/** What the rules stand on, as the configuration has it. */
export function coreContext(
  config: Config,
  stores: Stores,
  { now, newId, listener }: Pick<StudyDependencies, "now" | "newId"> & { readonly listener: Listener },
): CoreContext {
  const { deleteEnabled, sparseIndexes, referencedDeletion, trashAgeMs, tagHistoryMs, schema1, readOnly } =
    config;
  const options = {
    deleteEnabled,
    sparseIndexes,
    referencedDeletion,
    trashAgeMs,
    tagHistoryMs,
    schema1,
    readOnly,
    graceMs: config.gc.graceMs,
    quotas: config.quotas.map(quotaRule),
  };
  return { ...stores, holds: new DigestHolds(), now, newId, listener, options };
}

function quotaRule({ name, repositories, scope, bytes, tags }: QuotaConfig): QuotaRule {
  const globs = repositories.map(parseGlob);
  return {
    name,
    globs: repositories,
    matches: (repository) => globs.some((glob) => glob.matches(repository)),
    scope: scope === "each" ? scope : { below: pathOf(repositories) },
    ...(bytes !== undefined && { bytes }),
    ...(tags !== undefined && { tags }),
  };
}

/** The configuration lets nothing else be shared. */
function pathOf([glob = ""]: readonly string[]): string {
  const path = pathOfGlob(glob);
  if (path === undefined) throw new Error(`"${glob}" is not all below a path`);
  return path;
}

/** Opens the registry's data for a command; throws an Error with a message for the operator, as while a server has it open. */
export async function openStudy(config: Config, dependencies: StudyDependencies): Promise<Study> {
  const stores = await openStores(config, { now: dependencies.now, mayUpgrade: false });
  const listener = new Bridge(dependencies);
  const context = coreContext(config, stores, { ...dependencies, listener });
  return { stores, context, core: createCore(context), close: () => closeStores(stores) };
}
