// The configuration of the data that is brought back. A default would make a catalogue in
// the folder that the operator happens to be in.
import type { Config } from "../config/config.ts";
import { CONFIGURATION_PATH } from "../config/variable-name.ts";
import { readConfig } from "./read-config.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Throws CommandFailure unless the command line or the environment names the data; ConfigError. */
export function readNamedConfig(world: World, path: string | undefined): Config {
  if (path === undefined && !isNamedIn(world.environment))
    throw new CommandFailure("name the configuration whose data is to be restored: --config FILE", {
      exitCode: EXIT.usage,
    });
  return readConfig(world, path).config;
}

function isNamedIn({
  REGISTRY_STORAGE: storage = "",
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root = "",
  ...others
}: World["environment"]): boolean {
  // "filesystem" alone leaves the folder to the default.
  const isPlace = storage !== "" && storage !== "filesystem";
  return isPlace || root !== "" || (others[CONFIGURATION_PATH] ?? "") !== "";
}
