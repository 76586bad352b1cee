// What may be asked of a new access token.
import { parseAllowedScope } from "../config/allowed-scope.ts";
import type { ResourceActions } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import { quoted } from "./quoted.ts";

/** A token as its owner wants it. */
export interface AccessTokenRequest {
  readonly description: string;
  /** Docker's scopes whose names are globs. Empty: all that the owner may do. */
  readonly scopes: readonly string[];
  /** In milliseconds since 1970. Absent: as late as is allowed. */
  readonly expireTime?: number;
}

export interface ExpiryLimits {
  /** In milliseconds since 1970. */
  readonly now: number;
  /** The longest life of a token. Absent: any. */
  readonly maxLifetimeMs?: number | undefined;
}

const MAX_DESCRIPTION_LENGTH = 200;

const MAX_SCOPES = 100;

/** In characters, together: they must fit into a bearer token. */
const MAX_SCOPES_LENGTH = 4096;

/** The year 9999 is the last that times on the wire can name. */
const LAST_TIME = Date.UTC(9999, 11, 31);

/** A clock that is a little behind asks for a little too long. */
const LEEWAY_MS = 60 * 1000;

/** Throws REQUEST_INVALID for what cannot be shown in one line of a list. */
export function checkDescription(text: string): void {
  const { length } = [...text];
  if (length > MAX_DESCRIPTION_LENGTH)
    throw invalid(`description has ${length} characters; at most ${MAX_DESCRIPTION_LENGTH} are allowed`);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(text))
    throw invalid(`description ${quoted(text)} has control characters`);
}

/** Throws REQUEST_INVALID. */
export function parseScopes(texts: readonly string[]): readonly ResourceActions[] {
  if (texts.length > MAX_SCOPES)
    throw invalid(`there are ${texts.length} scopes; at most ${MAX_SCOPES} are allowed`);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > MAX_SCOPES_LENGTH)
    throw invalid(`the scopes have ${length} characters; at most ${MAX_SCOPES_LENGTH} are allowed`);
  return texts.map((text) => {
    const parsed = parseAllowedScope(text);
    if ("problem" in parsed) throw invalid(parsed.problem);
    return parsed.value;
  });
}

/** When the token ends; undefined: never. Throws REQUEST_INVALID. */
export function parseExpiry(expireTime: number | undefined, limits: ExpiryLimits): number | undefined {
  const { now, maxLifetimeMs } = limits;
  const latest = maxLifetimeMs === undefined ? undefined : now + maxLifetimeMs;
  if (expireTime === undefined) return latest;
  if (!(expireTime > now)) throw invalid(`expire_time ${shown(expireTime)} lies in the past`);
  if (expireTime > LAST_TIME) throw invalid("expire_time lies behind the year 9999; leave it out");
  if (latest === undefined || expireTime <= latest) return expireTime;
  if (expireTime <= latest + LEEWAY_MS) return latest;
  throw invalid(`expire_time ${shown(expireTime)} is too late; tokens end by ${shown(latest)}`);
}

/** Dates end where numbers go on. */
function shown(time: number): string {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : String(time);
}

function invalid(message: string): RegistryError {
  return new RegistryError("REQUEST_INVALID", {}, { message: message.toWellFormed() });
}
