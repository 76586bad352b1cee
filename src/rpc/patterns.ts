// Patterns from the network, found good before a room works with them.
import { RegistryError } from "../oci/errors.ts";
import { parseGlob } from "../oci/glob.ts";

/** As many as a filter of events may have in one member. */
const MAX_PATTERNS = 100;

/** The patterns as they came. Throws FILTER_INVALID for one that is none, or too many. */
export function parsePatterns(texts: readonly string[], field: string): readonly string[] {
  if (texts.length > MAX_PATTERNS) {
    const message = `${field} has ${texts.length} patterns; at most ${MAX_PATTERNS} are allowed`;
    throw new RegistryError("FILTER_INVALID", { limit: String(MAX_PATTERNS) }, { message });
  }
  for (const text of texts) parseGlob(text);
  return texts;
}
