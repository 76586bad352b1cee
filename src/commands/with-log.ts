// The log of a server, from its first line to its last: also when it cannot start, or
// crashes.
import { hostname } from "node:os";
import type { LoadedConfig } from "../config/load.ts";
import { Log } from "../telemetry/log.ts";
import type { Scopes } from "../telemetry/scope.ts";
import { CommandEnd, EXIT, type World } from "./world.ts";

export interface LogOrigin {
  /** Of this process, as its events name it. */
  readonly instanceId: string;
  /** Of its requests. */
  readonly scopes: Scopes;
}

/** Works with a log on standard error. It begins with what the configuration asks for in vain, or hardly means. */
export async function withLog(
  world: World,
  { config, withoutEffect, warnings }: LoadedConfig,
  { instanceId, scopes }: LogOrigin,
  work: (log: Log) => Promise<void>,
): Promise<void> {
  const { isTerminal, hasColors } = world.err;
  const log = new Log({
    options: config.log,
    output: { isTerminal: isTerminal && hasColors, write: world.writeLog, writeNow: world.lastWords },
    instanceId,
    scopes,
    machine: hostname(),
  });
  const ignoreCrashes = world.onCrash((error, origin) => {
    log.crashed(error, origin);
    world.exit(EXIT.failure);
  });
  // A closed terminal and logrotate send them, and neither means to end a registry.
  const endListening = world.onStraySignal((signal) =>
    log.logger.info({ signal }, "a signal is ignored; files that can change are watched anyway"),
  );
  try {
    if (withoutEffect.length > 0) log.logger.warn(`has no effect: ${withoutEffect.join(", ")}`);
    for (const warning of warnings) log.logger.warn(warning);
    await work(log);
  } catch (error) {
    if (!(error instanceof CommandEnd)) log.failed(error);
    throw error;
  } finally {
    await log.close();
    endListening();
    ignoreCrashes();
  }
}
