// What a client brings to prove who it is, and what comes of it.
import type { ErrorMetadata } from "../oci/errors.ts";
import { RegistryError } from "../oci/errors.ts";
import type { Principal } from "./principal.ts";

/** A client certificate that the TLS handshake verified against the configured authorities. */
export interface ClientCertificate {
  /** RFC 4514 text of the subject, and its common name. */
  readonly subject: string;
  readonly commonName?: string;
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  /** In milliseconds since 1970. */
  readonly expireTime: number;
}

export interface Credentials {
  /** The Authorization header as it came. */
  readonly authorization?: string | undefined;
  /** Absent: none was shown, or not over this connection. */
  readonly certificate?: ClientCertificate | undefined;
  /** The client's IP address, without a port; verified. Absent: it came over a Unix socket. */
  readonly address?: string | undefined;
}

/** Basic credentials, taken apart. */
export interface Password {
  readonly username: string;
  readonly password: string;
}

/** Checks user names and passwords: the users file, htpasswd, access tokens, tokens of identity providers. */
export interface PasswordAuthority {
  /**
   * The principal; undefined when the credentials are wrong or not for this authority. Takes as long for an unknown user as for a known one
   * with a wrong password. `address` is for who limits guessing.
   */
  check(password: Password): Promise<Principal | undefined>;
}

/** Checks bearer tokens. Undefined: the token is not of this kind; ask the next. Throws Unauthorized("invalid_token") for a bad one. */
export interface TokenAuthority {
  check(token: string): Promise<Principal | undefined>;
}

/** What who shows bad credentials is told: what exactly is wrong with a token helps those most who make false ones. */
export function publicMessage({ tokenError, message }: Unauthorized): string {
  return tokenError === "invalid_token" ? "the token is not valid here, or not any more" : message;
}

/** What is wrong with a credential, in the words of RFC 6750, 3.1. */
export type TokenError = "invalid_token" | "insufficient_scope";

/** Somebody must prove who they are, again or better. Reception makes the challenge. */
export class Unauthorized extends RegistryError {
  readonly tokenError: TokenError | undefined;

  constructor(message: string, tokenError?: TokenError, metadata: ErrorMetadata = {}) {
    super("UNAUTHORIZED", metadata, { message });
    this.tokenError = tokenError;
  }
}
