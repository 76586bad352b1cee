// From values to AuthConfig. Only for what auth-rules.ts has found to be right.
import { type AuthConfig, DEFAULT_REALM, type IssuerConfig, type TokenConfig } from "./access.ts";
import { type AuthKinds, issuesTokens } from "./auth-kinds.ts";
import type { Values } from "./keys.ts";

/** Without an auth section the registry is open; with one it never is by accident. */
export function toAuthConfig(values: Values, kinds: AuthKinds | undefined): AuthConfig {
  const chosen: AuthKinds = kinds ?? new Set();
  const htpasswd = chosen.has("htpasswd") ? values["auth.htpasswd.path"] : undefined;
  const users = chosen.has("users") ? values["auth.users.path"] : undefined;
  const policy = values["auth.policy"];
  const maxLifetimeMs = values["auth.accesstokens.maxlifetime"];
  const hasIssuer = values["auth.issuer.enabled"] ?? issuesTokens(chosen);
  return {
    mode: modeOf(kinds),
    realm: realmOf(values, chosen),
    service: values["auth.silly.service"],
    ...(htpasswd !== undefined && { htpasswd: { path: htpasswd } }),
    ...(users !== undefined && { users: { path: users } }),
    ...(chosen.has("token") && { token: toTokenConfig(values) }),
    ...(hasIssuer && { issuer: toIssuerConfig(values) }),
    accessTokens: { ...(maxLifetimeMs !== undefined && { maxLifetimeMs }) },
    oidc: values["auth.oidc"] ?? [],
    ...(chosen.has("certificates") && {
      certificates: {
        identity: values["auth.certificates.identity"],
        groups: values["auth.certificates.groups"],
      },
    }),
    gateways: values["auth.gateways"],
    ...(policy !== undefined && { policy }),
  };
}

function modeOf(kinds: AuthKinds | undefined): AuthConfig["mode"] {
  if (kinds === undefined) return "open";
  if (kinds.has("none")) return "none";
  return kinds.has("silly") ? "silly" : "guarded";
}

/** The one that is set; rules see to it that there are no two. */
function realmOf(values: Values, chosen: AuthKinds): string {
  const realms = (["users", "htpasswd", "silly"] as const)
    .filter((kind) => chosen.has(kind))
    .map((kind) => values[`auth.${kind}.realm`]);
  return realms.find((realm) => realm !== DEFAULT_REALM) ?? DEFAULT_REALM;
}

function toTokenConfig(values: Values): TokenConfig {
  const rootCertBundle = values["auth.token.rootcertbundle"];
  const jwks = values["auth.token.jwks"];
  return {
    realm: values["auth.token.realm"] ?? "",
    service: values["auth.token.service"] ?? "",
    issuer: values["auth.token.issuer"] ?? "",
    ...(rootCertBundle !== undefined && { rootCertBundle }),
    ...(jwks !== undefined && { jwks }),
    signingAlgorithms: values["auth.token.signingalgorithms"],
    autoRedirect: values["auth.token.autoredirect"],
    autoRedirectPath: values["auth.token.autoredirectpath"],
  };
}

function toIssuerConfig(values: Values): IssuerConfig {
  return {
    service: values["auth.issuer.service"],
    issuer: values["auth.issuer.issuer"],
    lifetimeMs: values["auth.issuer.lifetime"],
    refreshLifetimeMs: values["auth.issuer.refreshlifetime"],
    rotationMs: values["auth.issuer.rotation"],
  };
}
