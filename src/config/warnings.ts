// What is allowed, and yet seldom meant: told at the start and by check-config.
import type { OidcConfig } from "./access.ts";
import type { Config } from "./config.ts";
import { isLocal } from "./listen-address.ts";

/** One sentence each. */
export function warningsOf({ auth, http }: Config): readonly string[] {
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
  return warnings;
}

function isForEverybody({ claims }: OidcConfig["rules"][number]): boolean {
  return Object.values(claims).every((globs) => globs.some((glob) => /^\*+$/.test(glob)));
}
