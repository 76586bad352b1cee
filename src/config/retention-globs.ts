// Globs of retention rules. One that can never match would quietly keep nothing of
// what somebody wanted kept, so it is refused.
import { parseRepositoryGlob } from "./access-words.ts";
import type { Parsed } from "./key.ts";

/** A glob over tags. */
export function parseTagGlob(text: string): Parsed<string> {
  return possible(text, { what: "tag", foreign: /[^A-Za-z0-9_.-]/u, hint: "letters, digits, _, . and -" });
}

/** A glob over repositories. */
export function parseRetainedGlob(text: string): Parsed<string> {
  const hint = "lower-case letters, digits, ., _, - and /";
  return possible(text, { what: "repository", foreign: /[^a-z0-9._/-]/u, hint });
}

interface Names {
  readonly what: string;
  /** What stands in no such name. */
  readonly foreign: RegExp;
  readonly hint: string;
}

function possible(text: string, { what, foreign, hint }: Names): Parsed<string> {
  const parsed = parseRepositoryGlob(text);
  if ("problem" in parsed) return parsed;
  // What is left are the characters that must stand there.
  const literal = text.replaceAll(/\\(.)|[*?]/gsu, "$1");
  const [character] = foreign.exec(literal) ?? [];
  if (character === undefined) return parsed;
  const list = character === "," || character === "{" ? "; write several globs as a list" : "";
  return {
    problem: `glob "${text}" matches no ${what}: names hold ${hint}, but not "${character}"${list} (* is any run of characters, ? is one)`,
  };
}
