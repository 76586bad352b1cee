// The policy may be changed while the registry runs: its file is read again when it
// changes. Everything else in it waits for a restart, and that is said.
import { WatchedFile } from "../auth/watched-file.ts";
import type { PolicyRule } from "../config/access.ts";
import { changesBetween } from "../config/changes.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import type { Logger } from "../telemetry/logger.ts";
import { readText, type World } from "./world.ts";

export interface PolicyFollower {
  readonly loaded: LoadedConfig;
  readonly logger: Logger;
  /** `next`: the reading that it is in. */
  readonly setPolicy: (rules: readonly PolicyRule[] | undefined, next: LoadedConfig) => void;
}

/** Resolves to how to stop. Without a file there is nothing to follow. */
export async function followPolicy(world: World, follower: PolicyFollower): Promise<() => void> {
  const { path } = follower.loaded;
  if (path === undefined) return () => undefined;
  const { logger } = follower;
  const file = await WatchedFile.open({
    path,
    parse: (text) => text,
    report: (message, facts) => logger.warn(facts, message),
  });
  let { loaded } = follower;
  file.onChange(() => {
    const next = readAgain(world, path, logger);
    if (next === undefined) return;
    const { policy, afterRestart } = changesBetween(loaded.marks, next.marks);
    if (policy) {
      follower.setPolicy(next.config.auth.policy, next);
      logger.info({ path, rules: next.config.auth.policy?.length ?? 0 }, "the policy has changed");
      loaded = { ...loaded, marks: new Map([...loaded.marks, ...policyMark(next)]) };
    }
    if (afterRestart.length > 0)
      logger.warn({ path, keys: afterRestart }, "changed settings wait for a restart");
  });
  return () => file.close();
}

/** What is in force now, to compare the next reading with. */
function policyMark({ marks }: LoadedConfig): readonly [string, string][] {
  return [...marks].filter(([key]) => key === "auth.policy");
}

/** Undefined where it is wrong: what was in force stays. */
function readAgain({ environment }: World, path: string, logger: Logger): LoadedConfig | undefined {
  try {
    return loadConfig({ environment, readText, path });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    logger.error(
      { path, problems: error.problems },
      "the configuration is wrong now; what was in force stays",
    );
    return undefined;
  }
}
