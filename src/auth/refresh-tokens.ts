// Refresh tokens: what `docker login` keeps instead of the password. Opaque, known
// here by their hash, good for a fixed time and as long as what they were had for.
//
// They are not bound to the client's name: docker, buildkit, containerd and podman
// share one file of logins and call themselves differently. Nor are they replaced when
// they are used (RFC 6749, 6 leaves that open): these clients would keep the old one.
import { refreshTokenKey, refreshTokens, refreshTokensKey } from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { RefreshTokenRecord } from "../metadata/token-records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import { hashOfToken, isSecretToken, makeSecretToken, REFRESH_TOKEN_PREFIX } from "./secret-token.ts";

/** What a refresh token was given for. */
export type RefreshTokenGrant = Pick<
  RefreshTokenRecord,
  "principal" | "clientId" | "accessTokenId" | "fingerprint"
>;

export interface RefreshTokensOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  readonly lifetimeMs: number;
  /** Whether the access token of this id still holds. */
  readonly isTokenGood: (id: string) => boolean;
  /** How many one principal may have; the oldest makes room. Absent: 200. */
  readonly mostPerPrincipal?: number;
}

/** As many machines can be logged in as one user or robot. */
const MOST_PER_PRINCIPAL = 200;

/** How many tokens are read at once. */
const BATCH = 500;

const MAX_CLIENT_ID_LENGTH = 128;

export class RefreshTokens {
  readonly #options: RefreshTokensOptions;

  constructor(options: RefreshTokensOptions) {
    this.#options = options;
  }

  /** Makes a token, which ends no later than the credential it was had for, in milliseconds since 1970. */
  async create(grant: RefreshTokenGrant, latest = Number.POSITIVE_INFINITY): Promise<string> {
    const { metadata, now, lifetimeMs, mostPerPrincipal: most = MOST_PER_PRINCIPAL } = this.#options;
    const createTime = now();
    const token = makeSecretToken(REFRESH_TOKEN_PREFIX);
    const record = {
      ...grant,
      clientId: grant.clientId.slice(0, MAX_CLIENT_ID_LENGTH).toWellFormed(),
      createTime,
      expireTime: Math.min(createTime + lifetimeMs, latest),
    };
    await transact(metadata, async (transaction) => {
      const known = (await transaction.get(refreshTokensKey(grant.principal)))?.hashes ?? [];
      const hashes = [...known, hashOfToken(token)];
      for (const hash of hashes.slice(0, -most)) transaction.remove(refreshTokenKey(hash));
      transaction.put(refreshTokensKey(grant.principal), { hashes: hashes.slice(-most) });
      transaction.put(refreshTokenKey(hashOfToken(token)), record);
    });
    return token;
  }

  /** What the token was given for, if it is one of ours that is good now. The fingerprint is for the caller to compare. */
  async check(text: string): Promise<RefreshTokenGrant | undefined> {
    if (!isSecretToken(REFRESH_TOKEN_PREFIX, text)) return undefined;
    const record = await this.#options.metadata.get(refreshTokenKey(hashOfToken(text)));
    return record !== undefined && this.#isGood(record) ? record : undefined;
  }

  /** Removes tokens that are not good any more; to be called now and then. Returns how many. */
  async purge(): Promise<number> {
    const { metadata } = this.#options;
    let purged = 0;
    let after: string | undefined;
    do {
      const entries = await metadata.page(refreshTokens, {
        limit: BATCH,
        ...(after !== undefined && { after }),
      });
      for (const { name, record } of entries) {
        if (record === undefined || this.#isGood(record)) continue;
        await transact(metadata, (transaction) => removeToken(transaction, name));
        purged++;
      }
      after = entries.length < BATCH ? undefined : entries.at(-1)?.name;
    } while (after !== undefined);
    return purged;
  }

  #isGood({ expireTime, accessTokenId }: RefreshTokenRecord): boolean {
    const { now, isTokenGood } = this.#options;
    return now() < expireTime && (accessTokenId === undefined || isTokenGood(accessTokenId));
  }
}

async function removeToken(transaction: Transaction, hash: string): Promise<void> {
  const record = await transaction.get(refreshTokenKey(hash));
  if (record === undefined) return;
  const key = refreshTokensKey(record.principal);
  const hashes = ((await transaction.get(key))?.hashes ?? []).filter((known) => known !== hash);
  transaction.remove(refreshTokenKey(hash));
  if (hashes.length === 0) transaction.remove(key);
  else transaction.put(key, { hashes });
}
