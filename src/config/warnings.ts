// What is allowed, and yet seldom meant: told at the start and by check-config.
import type { OidcConfig } from "./access.ts";
import type { Config } from "./config.ts";
import { isLocal } from "./listen-address.ts";
import { HOOK_LEVELS } from "./log-config.ts";

/** One sentence each. */
export function warningsOf({ auth, http, debug, log, ...keeping }: Config): readonly string[] {
  const warnings: string[] = [];
  if (auth.mode === "silly")
    warnings.push(
      "auth.silly lets in whoever sends an Authorization header, whatever is in it; it is for tests only",
    );
  const isProxied = http.trustedProxies.length > 0 || http.publicUrl?.startsWith("https:") === true;
  if (auth.mode === "guarded" && http.tls === undefined && !isLocal(http.address) && !isProxied)
    warnings.push(
      "passwords and tokens cross the network in clear text: set http.tls, or name the proxy that speaks TLS in http.trustedproxies",
    );
  for (const { name, rules } of auth.oidc) {
    if (rules.some(isForEverybody))
      warnings.push(`auth.oidc lets in everybody who can get a token of "${name}" for this audience`);
  }
  if (debug.metricsPath !== undefined && debug.address === undefined)
    warnings.push("http.debug.prometheus.enabled does nothing without http.debug.addr");
  return [...warnings, ...hookWarnings(log), ...keepingWarnings(keeping)];
}

/** What log.level leaves out no hook hears. */
function hookWarnings({ level, hooks }: Config["log"]): readonly string[] {
  const unheard = HOOK_LEVELS.slice(HOOK_LEVELS.indexOf(level) + 1);
  return hooks.flatMap(({ levels, to }) => {
    const idle = unheard.filter((one) => levels.includes(one));
    return idle.length === 0
      ? []
      : [`log.hooks sends nothing of ${idle.join(", ")} to ${to.join(", ")}: log.level is ${level}`];
  });
}

/** A push of a large image over a slow line takes about as long. */
const SHORT_GRACE_MS = 3_600_000;

function keepingWarnings({
  gc,
  readOnly,
  retention,
}: Omit<Config, "auth" | "http" | "debug" | "log">): readonly string[] {
  const warnings: string[] = [];
  if (gc.enabled && !readOnly && gc.graceMs < SHORT_GRACE_MS)
    warnings.push(
      "storage.maintenance.gc.grace is below 1h: a push that takes longer from its first blob to its manifest has to send blobs again",
    );
  const { intervalMs, untaggedMs, rules } = retention;
  if (intervalMs !== undefined && untaggedMs === undefined && rules.length === 0)
    warnings.push("retention.interval does nothing without retention.rules or retention.untagged");
  return warnings;
}

function isForEverybody({ claims }: OidcConfig["rules"][number]): boolean {
  return Object.values(claims).every((globs) => globs.some((glob) => /^\*+$/.test(glob)));
}
