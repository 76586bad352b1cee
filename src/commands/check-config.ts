// stowage check-config: whether "serve" would start with this configuration,
// and what it would do.
import { ConfigError } from "../config/problem.ts";
import { formatYaml } from "../config/yaml-file.ts";
import { blotSecrets } from "../telemetry/secrets.ts";
import { readConfig } from "./read-config.ts";
import type { World } from "./world.ts";

/** Prints the configuration in its file's form, secrets blotted out. Throws ConfigError. */
export async function checkConfig(
  world: World,
  path: string | undefined,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  try {
    const { effective, withoutEffect, path: source } = readConfig(world, path);
    const config = blotSecrets(effective);
    await world.out.write(
      json
        ? `${JSON.stringify({ ok: true, config, withoutEffect })}\n`
        : [`OK ${source ?? "(no file)"}\n`, ...withoutEffect.map(warning), "\n", formatYaml(config)].join(""),
    );
  } catch (error) {
    if (json && error instanceof ConfigError)
      await world.out.write(`${JSON.stringify({ ok: false, problems: error.problems })}\n`);
    throw error;
  }
}

function warning(path: string): string {
  return `has no effect: ${path}\n`;
}
