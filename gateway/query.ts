// The query of a request target, read by hand: requests on the hot path have
// none. "+" is a plus sign, not a space: media types have plus signs, and no
// value the registry knows has spaces.
import { RegistryError } from "../src/oci/errors.ts";

/** The first value of a parameter, decoded; undefined when it is not there. Throws REQUEST_INVALID. */
export function queryValue(query: string, name: string): string | undefined {
  return query === "" ? undefined : queryValues(query, name)[0];
}

/** All values of a parameter, decoded, in their order. Throws REQUEST_INVALID. */
export function queryValues(query: string, name: string): string[] {
  if (query === "") return [];
  return query
    .split("&")
    .map(splitPair)
    .filter((pair) => decode(pair.name) === name)
    .map((pair) => decode(pair.value));
}

/** Undoes percent-encoding. Throws REQUEST_INVALID. */
export function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RegistryError(
      "REQUEST_INVALID",
      { text },
      { message: `"${text}" is not percent-encoded UTF-8` },
    );
  }
}

function splitPair(pair: string): { readonly name: string; readonly value: string } {
  const equals = pair.indexOf("=");
  return equals < 0
    ? { name: pair, value: "" }
    : { name: pair.slice(0, equals), value: pair.slice(equals + 1) };
}
