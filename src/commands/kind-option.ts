// Kinds of events, as someone types them: names and patterns, also several with
// commas between.
import { suggest } from "../config/nearest.ts";
import { EVENT_KINDS, type EventKind } from "../oci/event-kinds.ts";
import { parseGlob } from "../oci/glob.ts";
import { CommandFailure, EXIT } from "./world.ts";

/** The kinds that are meant, each once. Throws CommandFailure for a text that means none. */
export function parseKinds(texts: readonly string[]): EventKind[] {
  const kinds = texts.flatMap((text) => text.split(",")).flatMap((text) => kindsLike(text.trim()));
  return [...new Set(kinds)];
}

function kindsLike(text: string): EventKind[] {
  const kinds = EVENT_KINDS.filter(kindChooser(text));
  if (kinds.length > 0) return kinds;
  const nearest = suggest(text, EVENT_KINDS, "_");
  const guess = text !== "" && nearest.startsWith("did you mean") ? `${nearest} ` : "";
  const message = `--kind ${text}: ${guess}the kinds are ${EVENT_KINDS.join(", ")}`;
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

/** A pattern that is none chooses nothing. */
function kindChooser(text: string): (kind: EventKind) => boolean {
  try {
    const glob = parseGlob(text);
    return (kind) => glob.matches(kind);
  } catch {
    return () => false;
  }
}
