// Globs, which choose repositories, tags and media types in filters. They come
// from the network: matching takes at most pattern times text steps, whatever
// they look like, because all ways to match are followed at once.
import { RegistryError } from "./errors.ts";

/** The longest glob, in characters. */
export const MAX_GLOB_LENGTH = 512;

/** A character that must stand there, or what may stand in its place. */
type Part =
  | { readonly kind: "literal"; readonly character: string }
  /** One character but "/". */
  | { readonly kind: "one" }
  /** Any run of characters but "/". */
  | { readonly kind: "run" }
  /** Any run of characters. */
  | { readonly kind: "deep" };

/** A pattern for whole names; made by parseGlob. */
export class Glob {
  /** As it was written. */
  readonly text: string;
  readonly #parts: readonly Part[];
  /** The only text that matches, where there is only one. */
  readonly #only: string | undefined;

  constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#parts = parts;
    const isLiteral = parts.every(({ kind }) => kind === "literal");
    this.#only = isLiteral
      ? parts.map((part) => ("character" in part ? part.character : "")).join("")
      : undefined;
  }

  /** Whether the whole text matches. Upper and lower case differ. */
  matches(text: string): boolean {
    if (this.#only !== undefined) return text === this.#only;
    let reached = new Uint8Array(this.#parts.length + 1);
    let next = new Uint8Array(reached.length);
    reached[0] = 1;
    this.#skipEmptyRuns(reached);
    for (const character of text) {
      next.fill(0);
      if (!this.#step(reached, next, character)) return false;
      [reached, next] = [next, reached];
    }
    return reached[this.#parts.length] === 1;
  }

  /** From the parts reached before the character to those behind it. False: none. */
  #step(reached: Uint8Array, next: Uint8Array, character: string): boolean {
    let isAlive = false;
    for (const [index, part] of this.#parts.entries()) {
      if (reached[index] === 0 || !accepts(part, character)) continue;
      next[part.kind === "run" || part.kind === "deep" ? index : index + 1] = 1;
      isAlive = true;
    }
    this.#skipEmptyRuns(next);
    return isAlive;
  }

  /** A run may be empty, so where it begins, what follows it may begin too. */
  #skipEmptyRuns(reached: Uint8Array): void {
    for (const [index, { kind }] of this.#parts.entries()) {
      if (reached[index] === 1 && (kind === "run" || kind === "deep")) reached[index + 1] = 1;
    }
  }
}

function accepts(part: Part, character: string): boolean {
  switch (part.kind) {
    case "literal":
      return part.character === character;
    case "deep":
      return true;
    case "one":
    case "run":
      return character !== "/";
    default:
      return part satisfies never;
  }
}

const TOKEN = /\\.|\*+|./gsu;

/**
 * Reads a glob: "*" is any run of characters but "/", "**" any run, "?" one
 * character but "/"; "\" takes the next one literally. Throws FILTER_INVALID.
 */
export function parseGlob(text: string): Glob {
  if (text === "") throw invalid(text, "is empty; leave it out to choose everything");
  if (text.length > MAX_GLOB_LENGTH)
    throw invalid(text, `has ${text.length} characters; at most ${MAX_GLOB_LENGTH} are allowed`);
  return new Glob(
    text,
    Array.from(text.matchAll(TOKEN), ([token]) => toPart(text, token)),
  );
}

function toPart(text: string, token: string): Part {
  if (token === "?") return { kind: "one" };
  if (token.startsWith("*")) return { kind: token === "*" ? "run" : "deep" };
  if (token === "\\") throw invalid(text, 'ends with "\\", which must stand before a character');
  return { kind: "literal", character: token.startsWith("\\") ? token.slice(1) : token };
}

function invalid(text: string, problem: string): RegistryError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new RegistryError("FILTER_INVALID", { filter: shown }, { message: `glob "${shown}" ${problem}` });
}
