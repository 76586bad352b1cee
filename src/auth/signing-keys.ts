// The keys that sign the registry's own tokens: ES256, made when they are needed and
// replaced in time. They are kept in the catalogue, where all processes find the same
// ones. Private keys are used here and nowhere else.
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { signingKeysKey } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { PrivateKeyRecord, SigningKeyRecord } from "../metadata/token-records.ts";
import { transact } from "../metadata/transaction.ts";
import { KeySchedule, type KeyScheduleOptions } from "./key-schedule.ts";
import type { Report } from "./watched-file.ts";

export const SIGNING_ALGORITHM = "ES256";

export interface SigningKeysOptions extends KeyScheduleOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told when a key was made, in fixed words and facts. */
  readonly report: Report;
}

/** A key, ready for use. */
interface LoadedKey {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

export class SigningKeys {
  readonly #options: SigningKeysOptions;
  readonly #schedule: KeySchedule;
  /** By id. */
  readonly #loaded = new Map<string, Promise<LoadedKey>>();

  constructor(options: SigningKeysOptions) {
    this.#options = options;
    this.#schedule = new KeySchedule(options);
  }

  /** A signed JSON Web Token. */
  async sign(claims: JWTPayload): Promise<string> {
    const keys = await this.#rotate();
    const key = this.#schedule.signer(keys, this.#options.now());
    if (key === undefined) throw new Error("there is no key to sign with");
    const { privateKey } = await this.#load(key);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: "JWT", kid: key.id })
      .sign(privateKey);
  }

  /** The public key with this id; undefined when there is none, or not any more. */
  async find(id: string): Promise<CryptoKey | undefined> {
    const keys = this.#schedule.current(await this.#read(), this.#options.now());
    const key = keys.find((known) => known.id === id);
    return key && (await this.#load(key)).publicKey;
  }

  /** The public keys as a JSON Web Key Set (RFC 7517), those that will sign next too. */
  async jwks(): Promise<string> {
    const keys = await this.#rotate();
    return JSON.stringify({ keys: keys.map(publicJwk) });
  }

  async #read(): Promise<readonly SigningKeyRecord[]> {
    return (await this.#options.metadata.get(signingKeysKey))?.keys ?? [];
  }

  /** The keys as they shall be now. Of all who find out at once that one is missing, one makes it. */
  async #rotate(): Promise<readonly SigningKeyRecord[]> {
    const { metadata, report } = this.#options;
    const known = await this.#read();
    if (this.#isInOrder(known)) return known;
    const made = await makeKey();
    const keys = await transact(metadata, async (transaction) => {
      const before = (await transaction.get(signingKeysKey))?.keys ?? [];
      if (this.#isInOrder(before)) return before;
      const after = this.#advance(before, made);
      transaction.put(signingKeysKey, { keys: after });
      return after;
    });
    const mine = keys.find(({ id }) => id === made.id);
    if (mine !== undefined) report("a key for tokens was made", { key: mine.id, signTime: mine.signTime });
    this.#unload(keys);
    return keys;
  }

  #isInOrder(keys: readonly SigningKeyRecord[]): boolean {
    const now = this.#options.now();
    return (
      this.#schedule.next(keys, now) === undefined && this.#schedule.current(keys, now).length === keys.length
    );
  }

  #advance(before: readonly SigningKeyRecord[], made: MadeKey): readonly SigningKeyRecord[] {
    const now = this.#options.now();
    const kept = this.#schedule.current(before, now);
    const signTime = this.#schedule.next(kept, now);
    return signTime === undefined ? kept : [...kept, { ...made, createTime: now, signTime }];
  }

  /** Keys that are no more need no memory. */
  #unload(keys: readonly SigningKeyRecord[]): void {
    for (const id of this.#loaded.keys()) if (keys.every((key) => key.id !== id)) this.#loaded.delete(id);
  }

  #load(key: SigningKeyRecord): Promise<LoadedKey> {
    const known = this.#loaded.get(key.id);
    if (known !== undefined) return known;
    const loading = loadKey(key);
    this.#loaded.set(key.id, loading);
    loading.catch(() => this.#loaded.delete(key.id));
    return loading;
  }
}

type MadeKey = Pick<SigningKeyRecord, "id" | "privateKey">;

async function makeKey(): Promise<MadeKey> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = toRecord(await exportJWK(privateKey));
  return { id: await calculateJwkThumbprint(jwk), privateKey: jwk };
}

function toRecord({ x, y, d }: JWK): PrivateKeyRecord {
  if (x === undefined || y === undefined || d === undefined)
    throw new Error("a new key has not all its parts");
  return { kty: "EC", crv: "P-256", x, y, d };
}

async function loadKey({ privateKey }: SigningKeyRecord): Promise<LoadedKey> {
  const { d: _secret, ...publicPart } = privateKey;
  return { publicKey: await importKey(publicPart), privateKey: await importKey({ ...privateKey }) };
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, SIGNING_ALGORITHM);
  if (key instanceof Uint8Array) throw new Error("a key for tokens is a secret and not a key pair");
  return key;
}

/** What of a key everybody may know. */
function publicJwk({ id, privateKey: { kty, crv, x, y } }: SigningKeyRecord): JWK {
  return { kty, crv, x, y, kid: id, alg: SIGNING_ALGORITHM, use: "sig" };
}
