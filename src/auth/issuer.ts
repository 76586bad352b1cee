// The registry as a token server: bearer tokens that say who somebody is and what
// they may do, and the other half, which knows them again. Claims are Docker's, and
// some of ours. docs.docker.com/registry/spec/auth/jwt; RFC 7519.
import type { JWTPayload } from "jose";
import type { IssuerConfig } from "../config/access.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import { formatScope, type ResourceActions } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { type TokenAuthority, Unauthorized } from "./credentials.ts";
import { principalOfClaims } from "./issued-claims.ts";
import { badToken, MAX_TOKEN_LENGTH, readJwt } from "./jwt-shape.ts";
import type { Limit, Principal } from "./principal.ts";
import { SIGNING_ALGORITHM, SigningKeys } from "./signing-keys.ts";
import { verifyJwt } from "./verify-jwt.ts";
import type { Report } from "./watched-file.ts";

export interface IssuerParts {
  readonly config: IssuerConfig;
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID. */
  readonly newId: () => string;
  /** Told of keys that were made, in fixed words and facts. */
  readonly report: Report;
}

/** For whom and for what a token shall be. */
export interface TokenOrder {
  readonly principal: Principal;
  /** All that it is good for; nothing about it is checked any more. */
  readonly access: readonly ResourceActions[];
}

/** Times in milliseconds since 1970, whole seconds. */
export interface IssuedToken {
  readonly token: string;
  readonly issueTime: number;
  readonly expireTime: number;
}

export class Issuer implements TokenAuthority {
  readonly #parts: IssuerParts;
  readonly #keys: SigningKeys;

  /** Reads the keys, so that a catalogue which cannot be read shows at the start. */
  static async open(parts: IssuerParts): Promise<Issuer> {
    const { config, metadata, now, report } = parts;
    const { rotationMs, lifetimeMs } = config;
    const keys = new SigningKeys({ metadata, now, report, rotationMs, lifetimeMs });
    await keys.find("");
    return new Issuer(parts, keys);
  }

  /** Use open. */
  constructor(parts: IssuerParts, keys: SigningKeys) {
    this.#parts = parts;
    this.#keys = keys;
  }

  /** "aud" of its tokens. */
  get service(): string {
    return this.#parts.config.service;
  }

  /** A token that ends no later than the principal's own credential. Throws Unauthorized; REQUEST_INVALID when it would be too long. */
  async issue({ principal, access }: TokenOrder): Promise<IssuedToken> {
    const { config, now, newId } = this.#parts;
    const issued = Math.floor(now() / 1000);
    const end = Math.min(issued * 1000 + config.lifetimeMs, principal.expireTime ?? Number.POSITIVE_INFINITY);
    const expires = Math.floor(end / 1000);
    if (expires <= issued) throw new Unauthorized("the credential has expired");
    const token = await this.#keys.sign({
      iss: config.issuer,
      sub: principal.actor ?? "",
      aud: config.service,
      exp: expires,
      nbf: issued,
      iat: issued,
      jti: newId(),
      access: [...access],
      ...ownClaims(principal),
    });
    if (token.length > MAX_TOKEN_LENGTH) throw tooLong(token.length);
    return { token, issueTime: issued * 1000, expireTime: expires * 1000 };
  }

  /** Undefined for tokens of others. Throws Unauthorized("invalid_token") for a bad one of ours. */
  async check(token: string): Promise<Principal | undefined> {
    const { config, now } = this.#parts;
    const jwt = readJwt(token);
    if (jwt === undefined || jwt.claims.iss !== config.issuer) return undefined;
    // The key is found by its id alone, and is for one algorithm: whatever else the header says counts for nothing.
    const key = await this.#keys.find(jwt.header.kid ?? "");
    if (key === undefined) throw badToken("the key that signed it is unknown, or no longer good");
    const { claims, expireTime } = await verifyJwt(token, [key], {
      algorithms: [SIGNING_ALGORITHM],
      issuer: config.issuer,
      audience: config.service,
      now: now(),
    });
    return principalOfClaims(claims, expireTime);
  }

  /** The public keys, as a JSON Web Key Set. */
  jwks(): Promise<string> {
    return this.#keys.jwks();
  }
}

/** What Docker's claims have no place for. */
function ownClaims({ id, groups, tokenId, limit }: Principal): JWTPayload {
  const limits = scopedLimits(limit);
  return {
    principal: id,
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(tokenId !== undefined && { token_id: tokenId }),
    ...(limits.length > 0 && { limit: limits.map((access) => access.map(formatScope)) }),
  };
}

/** What its owner allowed the credential, and what others allowed the owner; all of these hold. */
function scopedLimits(limit: Limit | undefined): readonly (readonly ResourceActions[])[] {
  if (limit === undefined) return [];
  const behind = scopedLimits(limit.within);
  return limit.kind === "scoped" ? [limit.access, ...behind] : behind;
}

/** Servers and proxies refuse headers that are not much longer. */
function tooLong(length: number): RegistryError {
  const message = `a token for these scopes would have ${length} characters; at most ${MAX_TOKEN_LENGTH} are allowed: ask for fewer scopes`;
  return new RegistryError("REQUEST_INVALID", {}, { message });
}
