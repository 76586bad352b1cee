// An error about a name that the registry does not know, which lists those it knows.
import { CommandFailure } from "./world.ts";

/** How many names are listed. */
const MOST = 50;

/** `what` is what the name should be of, such as "webhook". */
export function unknownName(
  { what, name }: { readonly what: string; readonly name: string },
  known: readonly string[],
): CommandFailure {
  const rest = known.length - MOST;
  const list = `${known.slice(0, MOST).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
  return new CommandFailure(
    `there is no ${what} "${name}"; ${known.length === 0 ? `there are no ${what}s at all` : `there are: ${list}`}`,
  );
}
