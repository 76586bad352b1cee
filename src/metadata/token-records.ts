// The cards of the registry's own tokens: keys that sign, access tokens, refresh
// tokens. No secret of a token is in them, only hashes. Times in milliseconds.

/** A private key as JSON Web Key (RFC 7517): P-256. */
export interface PrivateKeyRecord {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

/** A key that signs tokens. */
export interface SigningKeyRecord {
  /** The key's thumbprint (RFC 7638). */
  readonly id: string;
  readonly createTime: number;
  /** From when on it signs, until the next one does. It is published before. */
  readonly signTime: number;
  readonly privateKey: PrivateKeyRecord;
}

/** All keys whose tokens are good, in the order in which they sign. */
export interface SigningKeysRecord {
  readonly keys: readonly SigningKeyRecord[];
}

/** An access token, without its secret. */
export interface AccessTokenRecord {
  /** The id of the principal it acts for. */
  readonly owner: string;
  readonly description: string;
  /** As they were written. Empty: all that the owner may do. */
  readonly scopes: readonly string[];
  /** Of the whole token: SHA-256, as base64url. */
  readonly hash: string;
  readonly createTime: number;
  /** Absent: it does not end. */
  readonly expireTime?: number;
  /** To the minute or so. Absent: it was never used. */
  readonly lastUseTime?: number;
}

/** Which access token has a hash. */
export interface AccessTokenNameRecord {
  readonly id: string;
}

/** A refresh token, without its secret. Its hash is its key. */
export interface RefreshTokenRecord {
  /** The id of whom it was given to. */
  readonly principal: string;
  /** What the client called itself. */
  readonly clientId: string;
  /** The access token that it was had for; it ends with it. Absent: it was had for a password. */
  readonly accessTokenId?: string;
  /** Stands for the password that it was had for; a new one ends it. Absent: that is not known. */
  readonly fingerprint?: string;
  readonly createTime: number;
  readonly expireTime: number;
}

/** The refresh tokens of one principal. */
export interface RefreshTokensRecord {
  /** Oldest first. */
  readonly hashes: readonly string[];
}
