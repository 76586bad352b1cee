// The known name that someone probably meant.
import { closest, distance } from "fastest-levenshtein";

/** A sentence that names the nearest known name. Names consist of parts with the separator between. */
export function suggest(unknown: string, known: readonly string[], separator: string): string {
  const nearest = nearestName(unknown, known, separator);
  if (nearest === undefined) return "it is not known";
  const isClose =
    nearest.startsWith(unknown) || distance(unknown, nearest) <= Math.max(2, unknown.length / 3);
  return isClose ? `did you mean ${nearest}?` : `the nearest known one is ${nearest}`;
}

/** The known name that is only a few slips away, for a name of that length. Undefined: none is. */
export function nearby(unknown: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(unknown, known);
  return distance(unknown, nearest) <= Math.max(1, unknown.length / 3) ? nearest : undefined;
}

/** First a slip of the finger, then a name cut short, then the same name in another place, then whatever is nearest. */
function nearestName(unknown: string, known: readonly string[], separator: string): string | undefined {
  const candidates = known.filter((name) => !unknown.startsWith(name + separator));
  if (candidates.length === 0) return undefined;
  const nearest = closest(unknown, candidates);
  if (distance(unknown, nearest) <= 2) return nearest;
  const ending = separator + (unknown.split(separator).at(-1) ?? unknown);
  const better = [
    candidates.filter((name) => name.startsWith(unknown)),
    candidates.filter((name) => name.endsWith(ending)),
  ].find((names) => names.length > 0);
  return better === undefined ? nearest : closest(unknown, better);
}
