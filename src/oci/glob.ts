// Globs, which choose repositories, tags and media types in filters. They come
// from the network: matching takes a fixed number of steps for each character of
// the text, whatever they look like, because all ways to match are followed at once.
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

/** Bits in a word of a set of places. */
const WORD = 32;

/** A pattern for whole names; made by parseGlob. */
export class Glob {
  /** As it was written. */
  readonly text: string;
  /** The only text that matches, where there is only one. */
  readonly #only: string | undefined;
  /** What every text that matches begins with. */
  readonly start: string;
  /** Whether that is enough: most globs are like "acme/**". */
  readonly #isStartEnough: boolean;
  /** How many parts there are. Place n lies before part n; places are kept as bits, 32 in a word. */
  readonly #end: number;
  /** The places before each literal character. */
  readonly #literals = new Map<string, Uint32Array>();
  /** The places before "one", before runs of both kinds, and before "deep". */
  readonly #ones: Uint32Array;
  readonly #runs: Uint32Array;
  readonly #deeps: Uint32Array;
  readonly #nowhere: Uint32Array;
  /** The places reached so far, of the one match that is under way. */
  readonly #reached: Uint32Array;

  constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#end = parts.length;
    const wild = parts.findIndex(({ kind }) => kind !== "literal");
    const isLiteral = wild < 0;
    this.start = parts
      .slice(0, isLiteral ? parts.length : wild)
      .map((part) => ("character" in part ? part.character : ""))
      .join("");
    this.#only = isLiteral ? this.start : undefined;
    const isOpenEnded = wild === parts.length - 1 && parts[wild]?.kind === "deep";
    // Half a character at the end of the start could be the first half of another one in a text.
    this.#isStartEnough = isOpenEnded && this.start.isWellFormed();
    const places = () => new Uint32Array(isLiteral ? 0 : Math.ceil((parts.length + 1) / WORD));
    this.#ones = places();
    this.#runs = places();
    this.#deeps = places();
    this.#nowhere = places();
    this.#reached = places();
    if (!isLiteral) for (const [place, part] of parts.entries()) this.#add(part, place, places);
  }

  /** Whether the whole text matches. Upper and lower case differ. */
  matches(text: string): boolean {
    if (this.#only !== undefined) return text === this.#only;
    if (!text.startsWith(this.start)) return false;
    if (this.#isStartEnough) return true;
    const reached = this.#reached.fill(0);
    reached[0] = (this.#runs[0] ?? 0) & 1 ? 3 : 1; // a run may be empty
    for (const character of text) if (!this.#step(reached, character)) return false;
    return isIn(reached, this.#end);
  }

  #add(part: Part, place: number, places: () => Uint32Array): void {
    if (part.kind === "literal") {
      const known = this.#literals.get(part.character) ?? places();
      this.#literals.set(part.character, known);
      addTo(known, place);
    } else if (part.kind === "one") addTo(this.#ones, place);
    else addTo(this.#runs, place);
    if (part.kind === "deep") addTo(this.#deeps, place);
  }

  /** From the places reached before the character to those behind it, 32 at a time. False: there are none. */
  #step(reached: Uint32Array, character: string): boolean {
    const literals = this.#literals.get(character) ?? this.#nowhere;
    const ones = character === "/" ? this.#nowhere : this.#ones;
    const staying = character === "/" ? this.#deeps : this.#runs;
    let moved = 0;
    let skipped = 0;
    let alive = 0;
    for (let word = 0; word < reached.length; word++) {
      const before = reached[word] ?? 0;
      const moving = before & ((literals[word] ?? 0) | (ones[word] ?? 0));
      const next = (moving << 1) | moved | (before & (staying[word] ?? 0));
      // A run may be empty, so where it begins, what follows it begins too; no run follows a run.
      const skipping = next & (this.#runs[word] ?? 0);
      reached[word] = next | (skipping << 1) | skipped;
      alive |= reached[word] ?? 0;
      moved = moving >>> (WORD - 1);
      skipped = skipping >>> (WORD - 1);
    }
    return alive !== 0;
  }
}

function addTo(places: Uint32Array, place: number): void {
  const word = Math.floor(place / WORD);
  places[word] = (places[word] ?? 0) | (1 << (place % WORD));
}

function isIn(places: Uint32Array, place: number): boolean {
  return ((places[Math.floor(place / WORD)] ?? 0) & (1 << (place % WORD))) !== 0;
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
