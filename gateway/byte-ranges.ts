// The Range header of a download. RFC 9110, 14.1.2: what cannot be read is as
// good as absent, what lies behind the end is refused, and small or overlapping
// parts may be joined.

/** A part of a blob: first and last byte, both included. */
export interface BytePart {
  readonly first: number;
  readonly last: number;
}

/** "whole" answers as if there were no Range. */
export type RangeAnswer = "whole" | "unsatisfiable" | readonly [BytePart, ...BytePart[]];

const UNIT = /^bytes=/i;
const SPECIFIER = /^(\d*)-(\d*)$/;

/** What a Range header asks of so many bytes, its parts in order and apart from each other. */
export function readRange(header: string, size: number, maxRanges: number): RangeAnswer {
  const specifiers = parseRange(header);
  if (specifiers === undefined || specifiers.length > maxRanges) return "whole";
  // Some clients send "bytes=0-" with everything; nothing of nothing is still an answer.
  if (size === 0) return "whole";
  const parts = specifiers.map((specifier) => clip(specifier, size)).filter((part) => part !== undefined);
  const [first, ...others] = parts.sort((a, b) => a.first - b.first);
  return first === undefined ? "unsatisfiable" : join(first, others);
}

/** How many bytes a part has. */
export function partSize({ first, last }: BytePart): number {
  return last - first + 1;
}

/** Absent `first`: the last so many bytes. Absent `last`: to the end. */
interface Specifier {
  readonly first?: number;
  readonly last?: number;
}

function parseRange(header: string): readonly Specifier[] | undefined {
  if (!UNIT.test(header)) return undefined;
  const specifiers: Specifier[] = [];
  for (const element of header.slice("bytes=".length).split(",")) {
    if (element.trim() === "") continue;
    const specifier = parseSpecifier(element.trim());
    if (specifier === undefined) return undefined;
    specifiers.push(specifier);
  }
  return specifiers.length === 0 ? undefined : specifiers;
}

function parseSpecifier(text: string): Specifier | undefined {
  const [, first = "", last = ""] = SPECIFIER.exec(text) ?? [];
  if (first === "") return last === "" ? undefined : { last: Number(last) };
  if (last === "") return { first: Number(first) };
  return Number(last) < Number(first) ? undefined : { first: Number(first), last: Number(last) };
}

function clip({ first, last }: Specifier, size: number): BytePart | undefined {
  const end = size - 1;
  if (first === undefined)
    return last === 0 ? undefined : { first: Math.max(0, size - (last ?? 0)), last: end };
  return first > end ? undefined : { first, last: Math.min(last ?? end, end) };
}

/** Joins parts that overlap or touch. They come ordered by their first byte. */
function join(first: BytePart, others: readonly BytePart[]): [BytePart, ...BytePart[]] {
  const joined: [BytePart, ...BytePart[]] = [first];
  for (const part of others) {
    const previous = joined.at(-1) ?? first;
    if (part.first > previous.last + 1) joined.push(part);
    else joined[joined.length - 1] = { first: previous.first, last: Math.max(previous.last, part.last) };
  }
  return joined;
}
