// Which file a command line names.
import { CommandFailure, EXIT } from "./world.ts";

export interface ConfigOptions {
  /** --config FILE */
  readonly config?: string;
}

/** The one file that was named, by --config or, as distribution does, without it. */
export function configPath(file: string | undefined, { config }: ConfigOptions): string | undefined {
  if (file !== undefined && config !== undefined && file !== config)
    throw new CommandFailure(`both ${config} and ${file} are named; name one file`, { exitCode: EXIT.usage });
  return config ?? file;
}
