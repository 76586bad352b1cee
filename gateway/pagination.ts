// Pages of lists: `n` and `last` in, `Link` out. distribution-spec, Listing Tags.
import { RegistryError } from "../src/oci/errors.ts";
import type { ResponseHeaders } from "./http-messages.ts";
import { queryValue } from "./query.ts";

/** How many entries are asked for. Throws PAGINATION_NUMBER_INVALID. */
export function pageSize(
  query: string,
  limits: { readonly fallback: number; readonly most: number },
): number {
  const text = queryValue(query, "n");
  if (text === undefined) return Math.min(limits.fallback, limits.most);
  if (/^\d+$/.test(text)) return Math.min(Number(text), limits.most);
  const message = `n must be a number of entries, not "${text}"`;
  throw new RegistryError("PAGINATION_NUMBER_INVALID", { n: text }, { message });
}

/** The Link to the next page: the same place with these parameters. */
export function nextPage(
  location: string,
  parameters: Readonly<Record<string, string | number>>,
): ResponseHeaders {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return { Link: `<${location}?${query.join("&")}>; rel="next"` };
}
