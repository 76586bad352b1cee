// Tokens of identity providers, such as those that CI systems give to their jobs: they
// come in under rules about their claims. OpenID Connect Core 1.0, 2 and 3.1.3.7.
import type { OidcConfig } from "../config/access.ts";
import { ASYMMETRIC_ALGORITHMS } from "../oci/signature-algorithms.ts";
import type { TokenAuthority } from "./credentials.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { badToken, type JwtHeader, readJwt, type UnverifiedJwt } from "./jwt-shape.ts";
import { compileRules, type RuleFinder } from "./oidc-rules.ts";
import { type Principal, principal } from "./principal.ts";
import { quoted } from "./quoted.ts";
import { subjectOf, verifyJwt } from "./verify-jwt.ts";
import type { Report } from "./watched-file.ts";

export interface OidcIssuersOptions {
  readonly config: readonly OidcConfig[];
  readonly now: () => number;
  readonly report: Report;
}

interface Issuer {
  readonly config: OidcConfig;
  readonly keys: IssuerKeys;
  readonly findRule: RuleFinder;
}

export class OidcIssuers implements TokenAuthority {
  readonly #issuers: readonly Issuer[];
  readonly #now: () => number;

  /** Nothing is fetched yet. Throws FILTER_INVALID for a rule with a bad glob. */
  constructor({ config, now, report }: OidcIssuersOptions) {
    this.#now = now;
    this.#issuers = config.map((issuer) => ({
      config: issuer,
      keys: new IssuerKeys({ config: issuer, now, report }),
      findRule: compileRules(issuer.rules),
    }));
  }

  /** Throws UNAVAILABLE, too, when the keys of the issuer cannot be had. */
  async check(token: string): Promise<Principal | undefined> {
    const jwt = readJwt(token);
    const issuer = jwt && this.#issuerOf(jwt);
    if (jwt === undefined || issuer === undefined) return undefined;
    refuseHeader(jwt.header);
    const { config, keys, findRule } = issuer;
    const { claims, expireTime } = await verifyJwt(token, await this.#keysFor(jwt.header, keys), {
      algorithms: ASYMMETRIC_ALGORITHMS,
      issuer: config.issuer,
      audience: config.audience,
      now: this.#now(),
    });
    const subject = subjectOf(claims);
    if (subject === undefined) throw badToken('it has no "sub"');
    const grant = findRule(claims);
    if (grant === undefined)
      throw badToken(`no rule for the identity provider ${quoted(config.name)} fits its claims`);
    const { groups, scopes } = grant;
    const limit = scopes === undefined ? {} : { limit: { kind: "scoped", access: scopes } as const };
    return principal("oidc", `${config.name}:${subject}`, { groups, expireTime, ...limit });
  }

  close(): void {
    for (const { keys } of this.#issuers) keys.close();
  }

  /** One provider may be there several times, for several audiences. Nothing of this is believed yet. */
  #issuerOf({ claims: { iss, aud } }: UnverifiedJwt): Issuer | undefined {
    const named = this.#issuers.filter(({ config }) => config.issuer === iss);
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    return named.find(({ config }) => audiences.includes(config.audience)) ?? named[0];
  }

  async #keysFor(header: JwtHeader, keys: IssuerKeys) {
    const found = await keys.find(header);
    if (found.length === 0)
      throw badToken(`its issuer has no key for "alg" ${quoted(header.alg)} and its "kid"`);
    return found;
  }
}

/** Before anything is fetched. */
function refuseHeader({ alg, typ = "JWT" }: JwtHeader): void {
  if (!ASYMMETRIC_ALGORITHMS.includes(alg))
    throw badToken(`its "alg" is ${quoted(alg)}, which is not allowed`);
  // Others, such as "logout+jwt", are signed with the same keys and mean something else. RFC 8725, 3.11.
  if (!/^(application\/)?(at\+)?jwt$/i.test(typ))
    throw badToken(`its "typ" is ${quoted(typ)}, which is no identity`);
}
