// What can be said of a JSON Web Token before any key is looked up: its size, its
// three parts, and a header in which nothing is left to guess. Nothing read here is
// proved; it only says whom to ask. RFC 7515, 4.1; RFC 7519, 7.2; RFC 8725, 3.

import { isJsonObject, type JsonObject, parseStrictObject } from "../oci/strict-json.ts";
import { Unauthorized } from "./credentials.ts";
import { quoted } from "./quoted.ts";

/** The longest token, in characters. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

const MAX_NAME_LENGTH = 1024;

/** The members of a header that count. "jku" and "x5u" do not: nothing is fetched because a token asks for it. */
export interface JwtHeader {
  readonly alg: string;
  readonly typ?: string;
  readonly kid?: string;
  readonly jwk?: JsonObject;
  readonly x5c?: readonly string[];
}

/** A token as it says of itself. */
export interface UnverifiedJwt {
  readonly header: JwtHeader;
  readonly claims: JsonObject;
}

// The signature may be empty here, so that a token without one is a bad token and not something else.
const FORM = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;

/**
 * The token's header and claims, unproved. Undefined when the text has not the form of a token. Throws
 * Unauthorized("invalid_token") for one that no key could make good.
 */
export function readJwt(token: string): UnverifiedJwt | undefined {
  if (token.length > MAX_TOKEN_LENGTH)
    throw badToken(`it has ${token.length} characters; at most ${MAX_TOKEN_LENGTH} are allowed`);
  const [, header, claims, signature] = FORM.exec(token) ?? [];
  if (header === undefined || claims === undefined) return undefined;
  const parsed = readHeader(readPart("header", header));
  if (signature === "") throw badToken("it has no signature");
  return { header: parsed, claims: readPart("claims", claims) };
}

/** The refusal of a token; the problem names no secret. */
export function badToken(problem: string): Unauthorized {
  return new Unauthorized(`the token is refused: ${problem}`, "invalid_token");
}

function readPart(what: string, part: string): JsonObject {
  try {
    const bytes = Buffer.from(part, "base64url");
    return parseStrictObject(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    // The words of JSON.parse quote what they stumbled over.
    const reason =
      error instanceof SyntaxError || error instanceof TypeError ? "is no JSON" : messageOf(error);
    throw badToken(`its ${what} ${reason}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "cannot be read";
}

function readHeader(header: JsonObject): JwtHeader {
  const { crit, jwk, x5c } = header;
  // RFC 7515, 4.1.11: who does not know what is critical must refuse. Nothing that is critical is known here.
  if (crit !== undefined) throw badToken('its header has a member "crit"');
  if (jwk !== undefined && !isJsonObject(jwk)) throw badToken('"jwk" in its header is no object');
  if (x5c !== undefined && !isTextList(x5c)) throw badToken('"x5c" in its header is no list of texts');
  const alg = readName(header, "alg");
  if (alg === undefined) throw badToken('its header has no "alg"');
  const [typ, kid] = [readName(header, "typ"), readName(header, "kid")];
  return {
    alg,
    ...(typ !== undefined && { typ }),
    ...(kid !== undefined && { kid }),
    ...(jwk !== undefined && { jwk }),
    ...(x5c !== undefined && { x5c }),
  };
}

function readName(header: JsonObject, name: string): string | undefined {
  const value = header[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw badToken(`${quoted(name)} in its header is no text`);
  if (value.length > MAX_NAME_LENGTH)
    throw badToken(
      `${quoted(name)} in its header has ${value.length} characters; at most ${MAX_NAME_LENGTH} are allowed`,
    );
  return value;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
