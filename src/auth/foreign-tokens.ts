// Bearer tokens of somebody else's token server, as Docker's clients fetch them: whose
// key signed them is known from certificates or a key set that the operator gave us.
// distribution, docs/content/spec/auth/jwt.
import type { KeyObject } from "node:crypto";
import type { TokenConfig } from "../config/access.ts";
import type { ResourceActions } from "../oci/access.ts";
import { thumbprintOf } from "../oci/key-ids.ts";
import { algorithmFits, SIGNATURE_ALGORITHMS } from "../oci/signature-algorithms.ts";
import { isJsonObject, type JsonObject } from "../oci/strict-json.ts";
import { keyOfChain } from "./certificate-chain.ts";
import type { TokenAuthority } from "./credentials.ts";
import { badToken, type JwtHeader, readJwt } from "./jwt-shape.ts";
import { ANONYMOUS, type Principal, principal } from "./principal.ts";
import { quoted } from "./quoted.ts";
import { parseBundle, parseKeySet, readPublicKey, type Trust, type TrustedKey } from "./trusted-keys.ts";
import { subjectOf, verifyJwt } from "./verify-jwt.ts";
import { type Report, WatchedFile } from "./watched-file.ts";

/** The most resources that one token may name. */
const MAX_ACCESS = 1000;

export interface ForeignTokensOptions {
  readonly config: TokenConfig;
  readonly now: () => number;
  readonly report: Report;
}

export class ForeignTokens implements TokenAuthority {
  readonly #options: ForeignTokensOptions;
  readonly #files: readonly WatchedFile<Trust>[];

  /** Reads the files of keys. Throws an Error that names what cannot be used and says why. */
  static async open(options: ForeignTokensOptions): Promise<ForeignTokens> {
    const { rootCertBundle, jwks, signingAlgorithms } = options.config;
    const unknown = signingAlgorithms.find((name) => !SIGNATURE_ALGORITHMS.includes(name));
    if (unknown !== undefined)
      throw new Error(`${quoted(unknown)} is no algorithm that tokens may be signed with`);
    const files: WatchedFile<Trust>[] = [];
    const watch = async (path: string | undefined, parse: (text: string) => Trust) => {
      if (path !== undefined) files.push(await WatchedFile.open({ path, parse, report: options.report }));
    };
    try {
      await watch(rootCertBundle, parseBundle);
      await watch(jwks, parseKeySet);
      if (files.length === 0)
        throw new Error("tokens cannot be checked: there is neither a bundle nor a key set");
      return new ForeignTokens(options, files);
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  /** Use open. */
  constructor(options: ForeignTokensOptions, files: readonly WatchedFile<Trust>[]) {
    this.#options = options;
    this.#files = files;
  }

  async check(token: string): Promise<Principal | undefined> {
    const jwt = readJwt(token);
    if (jwt === undefined) return undefined;
    const { config, now } = this.#options;
    const { alg } = jwt.header;
    if (!config.signingAlgorithms.includes(alg))
      throw badToken(`its "alg" is ${quoted(alg)}, which is not allowed`);
    const verified = await verifyJwt(token, [this.#keyFor(jwt.header)], {
      algorithms: [alg],
      issuer: config.issuer,
      audience: config.service,
      now: now(),
    });
    return toPrincipal(verified.claims, verified.expireTime);
  }

  /** Calls the listener after each change of the keys: what was proved before may not hold. Returns what ends that. */
  onChange(listener: () => void): () => void {
    const ends = this.#files.map((file) => file.onChange(listener));
    return () => {
      for (const end of ends) end();
    };
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  /** In the order of distribution: certificates, the key in the header, the name of a key. */
  #keyFor(header: JwtHeader): KeyObject {
    const { alg, kid, jwk, x5c } = header;
    if (x5c !== undefined) return fitting(alg, [{ key: this.#keyOfChain(x5c) }]);
    if (jwk !== undefined) return fitting(alg, this.#sameKeys(jwk));
    if (kid === undefined) throw badToken('its header names no key: it has no "x5c", "jwk" or "kid"');
    const named = this.#keys().filter(({ ids }) => ids.includes(kid));
    if (named.length === 0) throw badToken(`its "kid" is ${quoted(kid)}; no trusted key is called so`);
    return fitting(alg, named);
  }

  #keyOfChain(x5c: readonly string[]): KeyObject {
    const roots = this.#files.flatMap((file) => file.current().roots);
    return keyOfChain(x5c, { roots, now: this.#options.now() });
  }

  /** The key itself is compared, never the name that the header gives it (CVE-2025-24976). */
  #sameKeys(jwk: JsonObject): readonly TrustedKey[] {
    const thumbprint = thumbprintOf(publicKeyIn(jwk));
    const same = this.#keys().filter((key) => thumbprint !== undefined && key.thumbprint === thumbprint);
    if (same.length === 0) throw badToken('the key "jwk" in its header is not trusted');
    return same;
  }

  #keys(): readonly TrustedKey[] {
    return this.#files.flatMap((file) => file.current().keys);
  }
}

function publicKeyIn(jwk: JsonObject): KeyObject {
  try {
    return readPublicKey(jwk);
  } catch {
    throw badToken('"jwk" in its header is no public key');
  }
}

function fitting(alg: string, keys: readonly Pick<TrustedKey, "key" | "algorithm">[]): KeyObject {
  const found = keys.find(
    ({ key, algorithm }) => (algorithm === undefined || algorithm === alg) && algorithmFits(alg, key),
  );
  if (found === undefined) throw badToken(`its "alg" is ${quoted(alg)}, which does not go with the key`);
  return found.key;
}

/** Token servers leave "sub" empty for whom they do not know either; the token may allow something all the same. */
function toPrincipal(claims: JsonObject, expireTime: number): Principal {
  const subject = subjectOf(claims);
  const more = {
    limit: { kind: "exact", access: readAccess(claims.access) },
    expireTime,
    isForeign: true,
  } as const;
  return subject === undefined ? Object.freeze({ ...ANONYMOUS, ...more }) : principal("user", subject, more);
}

/** What is no resource allows nothing. Unknown types are kept: they do no harm. */
function readAccess(access: unknown): readonly ResourceActions[] {
  if (access === undefined || access === null) return [];
  if (!Array.isArray(access)) throw badToken('"access" is no list');
  if (access.length > MAX_ACCESS)
    throw badToken(`"access" has ${access.length} resources; at most ${MAX_ACCESS} are allowed`);
  return access.flatMap((entry: unknown) => readResource(entry) ?? []);
}

function readResource(entry: unknown): ResourceActions | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { type, class: kind, name, actions } = entry;
  if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return undefined;
  const resource = { type, name, actions: actions.filter((action) => typeof action === "string") };
  return typeof kind === "string" && kind !== "" ? { ...resource, class: kind } : resource;
}
