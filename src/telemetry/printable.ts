// What clients send must not steer the terminal or the collector that shows it: no
// control characters, no line breaks of other scripts, nothing that turns text around.

/** C0 and C1 controls, invisible formats (bidirectional overrides, zero widths), and line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The text with each such character written as JSON escapes it. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escapeUnits);
}

/** For text whose own line breaks are meant: a stack. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** A name from beyond U+FFFF is two units, as in JSON. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let index = 0; index < character.length; index++)
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  return escaped;
}
