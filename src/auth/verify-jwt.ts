// Proves a token: its signature, who made it, for whom, and when. `jose` does the work;
// this says in our words what is wrong. RFC 7519, 4.1.
import type { KeyObject } from "node:crypto";
import { type CryptoKey, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { Unauthorized } from "./credentials.ts";
import { badToken } from "./jwt-shape.ts";
import { quoted } from "./quoted.ts";

/** How far clocks may be apart, in seconds. */
const LEEWAY_SECONDS = 60;

const MAX_SUBJECT_LENGTH = 512;

/** What a token must be. */
export interface JwtDemands {
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** A token that holds what it says. */
export interface VerifiedJwt {
  readonly claims: Readonly<JWTPayload>;
  /** From when on it is not accepted any more, in milliseconds since 1970. */
  readonly expireTime: number;
}

/**
 * The claims of a token that one of the keys signed. "exp" must be there; "nbf" and "iat" may not lie ahead.
 * Throws Unauthorized("invalid_token").
 */
export async function verifyJwt(
  token: string,
  keys: readonly (KeyObject | CryptoKey)[],
  demands: JwtDemands,
): Promise<VerifiedJwt> {
  let problem = badToken("there is no key to check it with");
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key, toOptions(demands));
      return { claims: payload, expireTime: checkTimes(payload, demands.now) };
    } catch (error) {
      problem = toUnauthorized(error, demands);
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw problem;
}

/** "sub", fit to be a name. Undefined when it is absent or empty. Throws Unauthorized("invalid_token"). */
export function subjectOf({ sub }: Readonly<Record<string, unknown>>): string | undefined {
  if (sub === undefined || sub === "") return undefined;
  if (typeof sub !== "string") throw badToken('"sub" is no text');
  if (sub.length > MAX_SUBJECT_LENGTH)
    throw badToken(`"sub" has ${sub.length} characters; at most ${MAX_SUBJECT_LENGTH} are allowed`);
  // Neither what steers terminals nor what turns the order of characters about: logs and events show it.
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(sub))
    throw badToken(`"sub" is ${quoted(sub)}, which has characters that cannot be seen`);
  return sub;
}

function toOptions({ algorithms, issuer, audience, now }: JwtDemands): JWTVerifyOptions {
  return {
    algorithms: [...algorithms],
    issuer,
    audience,
    currentDate: new Date(now),
    clockTolerance: LEEWAY_SECONDS,
    requiredClaims: ["exp"],
  };
}

/** What jose leaves open: "iat" ahead of time, and numbers that are no times. */
function checkTimes({ exp, iat }: JWTPayload, now: number): number {
  if (iat !== undefined && iat > now / 1000 + LEEWAY_SECONDS) throw badToken('"iat" lies in the future');
  const expireTime = ((exp ?? Number.NaN) + LEEWAY_SECONDS) * 1000;
  if (!Number.isSafeInteger(Math.floor(expireTime))) throw badToken('"exp" is no time');
  return Math.floor(expireTime);
}

function toUnauthorized(error: unknown, demands: JwtDemands): Unauthorized {
  if (error instanceof Unauthorized) return error;
  if (error instanceof errors.JWTExpired) return badToken("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) return badToken(claimProblem(error, demands));
  if (error instanceof errors.JOSEAlgNotAllowed) return badToken('its "alg" is not allowed');
  if (error instanceof errors.JWSSignatureVerificationFailed) return badToken("its signature is wrong");
  return badToken("its signature cannot be checked with the key");
}

function claimProblem(
  { claim, reason, payload }: errors.JWTClaimValidationFailed,
  { issuer, audience }: JwtDemands,
): string {
  const name = quoted(claim);
  if (reason === "missing") return `it has no ${name}`;
  if (reason === "invalid") return `${name} is no number`;
  if (claim === "iss") return `"iss" is ${quoted(payload.iss)}; it must be ${quoted(issuer)}`;
  if (claim === "aud") return `"aud" is ${quoted(payload.aud)}; it must contain ${quoted(audience)}`;
  return claim === "nbf" ? "it is not valid yet" : `${name} is wrong`;
}
