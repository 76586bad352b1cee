// Reading the configuration for a command.
import type { Override } from "../config/environment.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
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
