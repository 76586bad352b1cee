// Access tokens: made once, shown once, and known by their hash from then on. What
// the catalogue says is the truth; which of them are good is kept in memory, too, so
// that every request can be asked about its token.
import {
  accessTokenCountKey,
  accessTokenKey,
  accessTokenNameKey,
  accessTokens,
  accessTokensOf,
  ownedTokenKey,
} from "../metadata/keys.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { AccessTokenRecord } from "../metadata/token-records.ts";
import { type Transaction, transact } from "../metadata/transaction.ts";
import { RegistryError } from "../oci/errors.ts";
import { type AccessToken, accessTokenUnknown, type GoodAccessToken, goodToken } from "./access-token.ts";
import {
  type AccessTokenRequest,
  checkDescription,
  parseExpiry,
  parseScopes,
} from "./access-token-request.ts";
import { ACCESS_TOKEN_PREFIX, hashOfToken, isSecretToken, makeSecretToken } from "./secret-token.ts";
import { TokenUses } from "./token-uses.ts";
import type { Report } from "./watched-file.ts";

/** A part of a list, oldest first. */
export interface AccessTokenPage {
  readonly items: readonly AccessToken[];
  /** True: the list goes on behind the last item. */
  readonly more: boolean;
}

export interface AccessTokensOptions {
  readonly metadata: MetadataStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** A new UUID of version 7. */
  readonly newId: () => string;
  /** The longest life of a token. Absent: any. */
  readonly maxLifetimeMs?: number | undefined;
  /** Told when uses could not be written down. */
  readonly report: Report;
  /** How many one owner may have. Absent: 200. */
  readonly mostPerOwner?: number;
}

const MOST_PER_OWNER = 200;

/** How long a token is listed after it expired. */
const LISTED_MS = 30 * 24 * 60 * 60 * 1000;

/** How many tokens are read at once. */
const BATCH = 500;

const NOTHING = new Uint8Array();

const ID = /^[\w-]{1,64}$/;

export class AccessTokens {
  readonly #options: AccessTokensOptions;
  /** The tokens that were not revoked, with when they were used. */
  readonly #uses: TokenUses;
  /** How often something was revoked: what was read before may be wrong. */
  #revocations = 0;

  /** Reads which tokens there are. */
  static async open(options: AccessTokensOptions): Promise<AccessTokens> {
    const tokens = new AccessTokens(options);
    await tokens.#load();
    return tokens;
  }

  /** Use open. */
  constructor(options: AccessTokensOptions) {
    this.#options = options;
    this.#uses = new TokenUses(options);
  }

  /** Makes a token for the owner, a principal's id. The text is nowhere else. Throws REQUEST_INVALID, TOOMANYREQUESTS. */
  async create(
    owner: string,
    request: AccessTokenRequest,
  ): Promise<{ readonly token: string; readonly record: AccessToken }> {
    const { now, newId, maxLifetimeMs } = this.#options;
    checkDescription(request.description);
    parseScopes(request.scopes);
    const createTime = now();
    const expireTime = parseExpiry(request.expireTime, { now: createTime, maxLifetimeMs });
    const [id, token] = [newId(), makeSecretToken(ACCESS_TOKEN_PREFIX)];
    const record = {
      owner,
      description: request.description,
      scopes: [...request.scopes],
      hash: hashOfToken(token),
      createTime,
      ...(expireTime !== undefined && { expireTime }),
    };
    this.#uses.add(id, record); // before, so that whoever revokes it finds it
    try {
      for (const expired of await this.#write(id, record)) this.#forget(expired);
    } catch (error) {
      this.#forget(id);
      throw error;
    }
    return { token, record: this.#describe(id, record) };
  }

  /** The token, if it is one of ours that is good now. */
  async check(text: string): Promise<GoodAccessToken | undefined> {
    if (!isSecretToken(ACCESS_TOKEN_PREFIX, text)) return undefined;
    const { metadata } = this.#options;
    const before = this.#revocations;
    const name = await metadata.get(accessTokenNameKey(hashOfToken(text)));
    const record = name && (await metadata.get(accessTokenKey(name.id)));
    if (this.#revocations !== before) return this.check(text);
    if (name === undefined || record === undefined) return undefined;
    if (!this.#uses.has(name.id)) this.#uses.add(name.id, record); // another process made it
    return this.use(name.id) ? goodToken(name.id, record) : undefined;
  }

  /** The token with this id, if it is good now; this counts as a use. */
  async find(id: string): Promise<GoodAccessToken | undefined> {
    const record = await this.#options.metadata.get(accessTokenKey(id));
    return record !== undefined && this.use(id) ? goodToken(id, record) : undefined;
  }

  /** True: the token was neither revoked nor has it expired. Cheap enough for every request. */
  isGood(id: string): boolean {
    return this.#uses.isGood(id);
  }

  /** The same for a request that came with it: the token was used now. */
  use(id: string): boolean {
    return this.#uses.use(id);
  }

  /** Oldest first, those that expired not long ago too; an owner's, or everybody's. */
  async list(request: {
    readonly owner?: string | undefined;
    /** Begin behind this id. Absent: at the start. */
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<AccessTokenPage> {
    const { owner, after, limit } = request;
    const { metadata } = this.#options;
    const options = { limit: limit + 1, ...(after !== undefined && { after }) };
    const entries =
      owner === undefined
        ? await metadata.page(accessTokens, options)
        : await this.#readAll(await metadata.page(accessTokensOf(owner), { ...options, namesOnly: true }));
    const items = entries
      .slice(0, limit)
      .flatMap(({ name, record }) => (record === undefined ? [] : [this.#describe(name, record)]));
    return { items, more: entries.length > limit };
  }

  /** The token with this id, also when it has expired. Throws ACCESS_TOKEN_UNKNOWN. */
  async get(id: string): Promise<AccessToken> {
    const record = ID.test(id) ? await this.#options.metadata.get(accessTokenKey(id)) : undefined;
    if (record === undefined) throw accessTokenUnknown(id);
    return this.#describe(id, record);
  }

  /** From the moment it resolves nobody gets in with the token. Throws ACCESS_TOKEN_UNKNOWN. */
  async revoke(id: string): Promise<void> {
    await transact(this.#options.metadata, async (transaction) => {
      const record = ID.test(id) ? await transaction.get(accessTokenKey(id)) : undefined;
      if (record === undefined) throw accessTokenUnknown(id);
      removeToken(transaction, id, record);
    });
    this.#forget(id);
  }

  /** Writes down when tokens were last used. To be called before the catalogue is closed. */
  close(): Promise<void> {
    return this.#uses.close();
  }

  /** Removes tokens that expired long ago; to be called now and then. Returns how many. */
  async purge(): Promise<number> {
    const { metadata, now } = this.#options;
    const before = now() - LISTED_MS;
    let purged = 0;
    for await (const { name, record } of this.#everything()) {
      if (!(record.expireTime !== undefined && record.expireTime <= before)) continue;
      await transact(metadata, async (transaction) => {
        const known = await transaction.get(accessTokenKey(name));
        if (known !== undefined) removeToken(transaction, name, known);
      });
      this.#forget(name);
      purged++;
    }
    return purged;
  }

  /** Returns the ids of those that made room. */
  #write(id: string, record: AccessTokenRecord): Promise<readonly string[]> {
    const { owner, hash } = record;
    return transact(this.#options.metadata, async (transaction) => {
      const expired = await this.#makeRoom(transaction, owner);
      transaction.put(accessTokenKey(id), record);
      transaction.put(accessTokenNameKey(hash), { id });
      transaction.put(ownedTokenKey(owner, id), NOTHING);
      transaction.add(accessTokenCountKey(owner), 1);
      return expired;
    });
  }

  async #load(): Promise<void> {
    for await (const { name, record } of this.#everything()) this.#uses.add(name, record);
  }

  async *#everything(): AsyncGenerator<{ readonly name: string; readonly record: AccessTokenRecord }> {
    let after: string | undefined;
    do {
      const options = { limit: BATCH, ...(after !== undefined && { after }) };
      const entries = await this.#options.metadata.page(accessTokens, options);
      for (const { name, record } of entries) if (record !== undefined) yield { name, record };
      after = entries.length < BATCH ? undefined : entries.at(-1)?.name;
    } while (after !== undefined);
  }

  #readAll(entries: readonly { readonly name: string }[]) {
    const { metadata } = this.#options;
    return Promise.all(
      entries.map(async ({ name }) => ({ name, record: await metadata.get(accessTokenKey(name)) })),
    );
  }

  /** Where the owner has too many, expired ones go. Throws TOOMANYREQUESTS when that is not enough. */
  async #makeRoom(transaction: Transaction, owner: string): Promise<readonly string[]> {
    const { metadata, now, mostPerOwner: most = MOST_PER_OWNER } = this.#options;
    if (((await transaction.get(accessTokenCountKey(owner))) ?? 0) < most) return [];
    const expired: string[] = [];
    for (const { name } of await metadata.page(accessTokensOf(owner), { limit: most, namesOnly: true })) {
      const record = await transaction.get(accessTokenKey(name));
      if (record?.expireTime === undefined || record.expireTime > now()) continue;
      removeToken(transaction, name, record);
      expired.push(name);
    }
    if (expired.length > 0) return expired;
    const message = `${owner} has ${most} access tokens already; revoke one that is not used any more`;
    throw new RegistryError("TOOMANYREQUESTS", { limit: String(most) }, { message });
  }

  #forget(id: string): void {
    this.#revocations++;
    this.#uses.remove(id);
  }

  #describe(id: string, { hash: _secret, ...rest }: AccessTokenRecord): AccessToken {
    const lastUseTime = this.#uses.lastUseTime(id) ?? rest.lastUseTime;
    return { id, ...rest, ...(lastUseTime !== undefined && { lastUseTime }) };
  }
}

function removeToken(transaction: Transaction, id: string, { owner, hash }: AccessTokenRecord): void {
  transaction.remove(accessTokenKey(id));
  transaction.remove(accessTokenNameKey(hash));
  transaction.remove(ownedTokenKey(owner, id));
  transaction.add(accessTokenCountKey(owner), -1);
}
