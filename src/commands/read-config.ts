// Reading the configuration for a command, and the log that it asks for.
import type { Override } from "../config/environment.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { readText, type World } from "./world.ts";

/** Throws ConfigError. */
export function readConfig(
  world: World,
  path: string | undefined,
  options: readonly Override[] = [],
): LoadedConfig {
  const { environment } = world;
  return loadConfig({ environment, readText, options, ...(path !== undefined && { path }) });
}

/** The log on standard error. Begins with what the configuration asks for in vain, or hardly means. */
export function startLog(world: World, { config, withoutEffect, warnings }: LoadedConfig): Logger {
  const { isTerminal, hasColors, write } = world.err;
  const logger = createLogger(config.log, {
    isTerminal: isTerminal && hasColors,
    write: (line) => void write(line),
  });
  if (withoutEffect.length > 0) logger.warn(`has no effect: ${withoutEffect.join(", ")}`);
  for (const warning of warnings) logger.warn(warning);
  return logger;
}
