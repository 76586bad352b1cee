// Who may come in, and what they may do, as the program uses it. Times in milliseconds.
import type { Action, ResourceActions } from "../oci/access.ts";

export interface AuthConfig {
  /**
   * open: no auth section; everybody may do everything, on loopback addresses only.
   * none: the same, said in so many words. silly: any Authorization header passes. guarded: all else.
   */
  readonly mode: "open" | "none" | "silly" | "guarded";
  /** Of the Basic challenge, and of silly's. */
  readonly realm: string;
  /** silly's service. */
  readonly service: string;
  /** Absent: there is no htpasswd file. */
  readonly htpasswd?: { readonly path: string };
  /** Users and robots, in a file of ours. */
  readonly users?: { readonly path: string };
  /** Somebody else's token server. */
  readonly token?: TokenConfig;
  /** The token endpoint of our own. Absent: there is none. */
  readonly issuer?: IssuerConfig;
  readonly accessTokens: {
    /** The longest life of one. Absent: any. */
    readonly maxLifetimeMs?: number;
  };
  readonly oidc: readonly OidcConfig[];
  /** Absent: client certificates are no identity. */
  readonly certificates?: {
    readonly identity: CertificateIdentity;
    readonly groups: readonly string[];
  };
  /** Principals (globs over ids) whose word about their clients is believed. */
  readonly gateways: readonly string[];
  /** The first rule that fits decides. Absent: who is authenticated may do everything. */
  readonly policy?: readonly PolicyRule[];
}

/** What Basic credentials are asked for in, unless it is said otherwise. */
export const DEFAULT_REALM = "Registry";

export const CERTIFICATE_IDENTITIES = ["subject", "cn", "dns", "email", "uri"] as const;

/** What of a certificate is the name. */
export type CertificateIdentity = (typeof CERTIFICATE_IDENTITIES)[number];

export interface TokenConfig {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** Files. At least one of both is there. */
  readonly rootCertBundle?: string;
  readonly jwks?: string;
  readonly signingAlgorithms: readonly string[];
  /** True: the realm is this registry's own address with `autoRedirectPath`. */
  readonly autoRedirect: boolean;
  readonly autoRedirectPath: string;
}

export interface IssuerConfig {
  /** "aud" of its tokens, and what clients ask for. */
  readonly service: string;
  /** "iss" of its tokens. */
  readonly issuer: string;
  readonly lifetimeMs: number;
  readonly refreshLifetimeMs: number;
  /** How long a key signs. */
  readonly rotationMs: number;
}

export interface OidcConfig {
  /** In principals: oidc:<name>:<subject>. */
  readonly name: string;
  /** "iss", and where its configuration is found; https, or http on loopback. */
  readonly issuer: string;
  readonly audience: string;
  /** Where its keys are. Absent: what its configuration says. */
  readonly jwksUrl?: string;
  readonly timeoutMs: number;
  /** The first whose conditions all hold counts; none: the token is refused. */
  readonly rules: readonly OidcRule[];
}

export interface OidcRule {
  /** Claim → globs, one of which must fit. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  readonly groups: readonly string[];
  /** Absent: whatever the policy allows. Names are globs. */
  readonly scopes?: readonly ResourceActions[];
}

/** One rule of the policy, as it was written; see auth/policy.ts. */
export interface PolicyRule {
  /** Globs. */
  readonly repositories: readonly string[];
  /** "anyone", "anonymous", "authenticated", "group:NAME", or a principal's id; the names are globs. */
  readonly who: readonly string[];
  readonly effect: "allow" | "deny";
  readonly actions: readonly Action[];
}
