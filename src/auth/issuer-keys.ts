// The keys of one identity provider: fetched when first needed, kept for a while, asked
// for again when a token names one that is not among them, and still used for a day
// when the provider cannot be reached. However many ask, one fetch is under way.
// OpenID Connect Discovery 1.0, 4.
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from "jose";
import type { OidcConfig } from "../config/access.ts";
import { RegistryError } from "../oci/errors.ts";
import type { JsonObject } from "../oci/strict-json.ts";
import { fetchDocument, parseDocumentUrl } from "./issuer-document.ts";
import type { JwtHeader } from "./jwt-shape.ts";
import { quoted } from "./quoted.ts";
import type { Report } from "./watched-file.ts";

const MINUTE = 60_000;

/** Milliseconds. */
const FRESH = 10 * MINUTE;
const USABLE = 24 * 60 * MINUTE;

/** Between two fetches when there are keys; strangers can name keys as they like. */
const COOLDOWN = 30_000;

/** Between two fetches when there are no keys. */
const RETRY = 5_000;

/** A token without "kid" is tried with so many keys. */
const MAX_CANDIDATES = 8;

const DISCOVERY = "/.well-known/openid-configuration";

export interface IssuerKeysOptions {
  readonly config: Pick<OidcConfig, "name" | "issuer" | "jwksUrl" | "timeoutMs">;
  readonly now: () => number;
  readonly report: Report;
}

interface FetchedKeys {
  readonly find: LocalJWKSet;
  readonly fetchTime: number;
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #closing = new AbortController();
  #fetched: FetchedKeys | undefined;
  #attemptTime: number | undefined;
  #pending: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** The keys that may have signed; none when the issuer has no such key. Throws UNAVAILABLE when its keys cannot be had. */
  async find(header: JwtHeader): Promise<readonly CryptoKey[]> {
    if (!this.#isYounger(FRESH)) await this.#fetch();
    const keys = await select(this.#usable(), header);
    if (keys.length > 0) return keys;
    await this.#fetch();
    return select(this.#usable(), header);
  }

  /** Gives up what is being fetched. */
  close(): void {
    this.#closing.abort();
  }

  #usable(): LocalJWKSet {
    if (this.#fetched !== undefined && this.#isYounger(USABLE)) return this.#fetched.find;
    const { name } = this.#options.config;
    throw new RegistryError(
      "UNAVAILABLE",
      {},
      { message: `the keys of the identity provider ${quoted(name)} cannot be had now` },
    );
  }

  #isYounger(age: number): boolean {
    return this.#fetched !== undefined && this.#options.now() - this.#fetched.fetchTime < age;
  }

  /** Waits for the fetch under way, or for a new one if it is time for that. Never throws. */
  async #fetch(): Promise<void> {
    const wait = this.#isYounger(USABLE) ? COOLDOWN : RETRY;
    const isTooSoon = this.#attemptTime !== undefined && this.#options.now() - this.#attemptTime < wait;
    if (this.#pending === undefined && (isTooSoon || this.#closing.signal.aborted)) return;
    this.#pending ??= this.#attempt();
    await this.#pending;
  }

  async #attempt(): Promise<void> {
    const { config, now, report } = this.#options;
    this.#attemptTime = now();
    try {
      this.#fetched = { find: await this.#load(), fetchTime: now() };
    } catch (error) {
      if (!this.#closing.signal.aborted)
        report("the keys of an identity provider cannot be fetched", {
          provider: config.name,
          reason: error instanceof Error ? error.message : String(error),
        });
    } finally {
      this.#pending = undefined;
    }
  }

  async #load(): Promise<LocalJWKSet> {
    const { issuer, jwksUrl, timeoutMs } = this.#options.config;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
    const url = jwksUrl ?? (await discover(issuer, signal));
    return parseKeys(await fetchDocument(parseDocumentUrl(url, issuer), signal));
  }
}

/** Where the issuer's keys are, as it says itself. */
async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const url = parseDocumentUrl(issuer.replace(/\/$/, "") + DISCOVERY, issuer);
  const { issuer: named, jwks_uri: jwksUrl } = await fetchDocument(url, signal);
  // Discovery, 4.3: else one tenant of a provider could speak for another.
  if (named !== issuer)
    throw new Error(`${url.origin}: its "issuer" is ${quoted(named)}, not ${quoted(issuer)}`);
  if (typeof jwksUrl !== "string") throw new Error(`${url.origin}: it has no "jwks_uri"`);
  return jwksUrl;
}

function parseKeys(document: JsonObject): LocalJWKSet {
  return createLocalJWKSet(document as unknown as JSONWebKeySet); // which throws for what is none
}

async function select(find: LocalJWKSet, { alg, kid }: JwtHeader): Promise<readonly CryptoKey[]> {
  try {
    return [await find(kid === undefined ? { alg } : { alg, kid })];
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return []; // none, or one that is broken
    const keys: CryptoKey[] = [];
    for await (const key of error) if (keys.push(key) === MAX_CANDIDATES) break;
    return keys;
  }
}
