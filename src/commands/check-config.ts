// stowage check-config: whether "serve" would start with this configuration,
// and what it would do.
import { ConfigError } from "../config/problem.ts";
import { isRawMap, type RawMap } from "../config/raw-tree.ts";
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
    const { effective, withoutEffect, warnings, path: source } = readConfig(world, path);
    const config = withoutSecrets(effective);
    await world.out.write(
      json
        ? `${JSON.stringify({ ok: true, config, withoutEffect, warnings })}\n`
        : [
            `OK ${source ?? "(no file)"}\n`,
            ...withoutEffect.map((key) => `has no effect: ${key}\n`),
            ...warnings.map((warning) => `warning: ${warning}\n`),
            "\n",
            formatYaml(config),
          ].join(""),
    );
  } catch (error) {
    if (json && error instanceof ConfigError)
      await world.out.write(`${JSON.stringify({ ok: false, problems: error.problems })}\n`);
    throw error;
  }
}

/** The auth section holds no secrets, but names that sound like them: auth.token. */
function withoutSecrets({ auth, ...others }: RawMap): unknown {
  const shown = blotSecrets(others);
  return isRawMap(shown) && auth !== undefined ? { ...shown, auth } : shown;
}
