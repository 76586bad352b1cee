// Health and the debug listener for a command that serves.
import { setTimeout as wait } from "node:timers/promises";
import { readBuildInfo } from "../build-info.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { LoadedConfig } from "../config/load.ts";
import { isRawMap, type RawMap } from "../config/raw-tree.ts";
import { Debugging, type DebuggingOptions } from "../debugging.ts";
import { outsideChecks } from "../instruments/outside-checks.ts";
import type { Health, HealthCheck } from "../telemetry/health.ts";
import { listenFailure } from "./listen-failure.ts";

export interface OpenDebugging
  extends Pick<DebuggingOptions, "instanceId" | "logger" | "now" | "changed" | "metrics"> {
  readonly loaded: LoadedConfig;
  /** Absent: as it was loaded. */
  readonly effective?: () => RawMap;
}

/** Throws CommandFailure when the debug listener's address cannot be listened on. */
export async function openDebugging({ loaded, ...options }: OpenDebugging): Promise<Debugging> {
  const { config } = loaded;
  const effective = options.effective ?? (() => loaded.effective);
  try {
    return await Debugging.open({ ...options, config, effective, build: readBuildInfo() });
  } catch (error) {
    const { address } = config.debug;
    if (address === undefined) throw error;
    throw listenFailure(
      `the debug listener's address ${formatListenAddress(address)}`,
      error,
      "http.debug.addr",
    );
  }
}

/** What a check may take before the server goes on without its word; it is unready then. */
const FIRST_CHECKS_MS = 2000;

/** Begins to check, so that a server that is well is ready as soon as it listens. */
export async function beginChecks(
  health: Health,
  { config }: LoadedConfig,
  own: readonly HealthCheck[] = [],
): Promise<void> {
  const soon = new AbortController();
  const begun = health.begin([...own, ...outsideChecks(config.health)]);
  const late = wait(FIRST_CHECKS_MS, undefined, { signal: soon.signal }).catch(() => undefined);
  await Promise.race([begun, late]);
  soon.abort();
}

/** The configuration in effect, once another reading's policy is in force. */
export function withPolicyOf(effective: RawMap, next: LoadedConfig): RawMap {
  const { auth } = next.effective;
  if (!isRawMap(effective.auth) || !isRawMap(auth)) return effective;
  return { ...effective, auth: { ...effective.auth, policy: auth.policy } };
}
