// Reads what is told to Prometheus: its text format, as far as metrics without
// timestamps need it.

/** One line: a metric with its labels, and what it is. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>nan|[+-]?inf|[-+.\de]+)$/i;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

/** Throws for a line that is none. */
export function parseExposition(text: string): readonly Series[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const { name = "", labels = "", value = "" } = LINE.exec(line)?.groups ?? {};
    if (name === "") throw new Error(`no metric: ${line}`);
    return { name, labels: labelsOf(labels), value: numberOf(value) };
  });
}

function numberOf(text: string): number {
  return Number(text.replace(/inf/i, "Infinity").replace(/nan/i, "NaN"));
}

function labelsOf(text: string): Readonly<Record<string, string>> {
  const matches = [...text.matchAll(LABEL)];
  if (matches.reduce((length, [match]) => length + match.length, 0) !== text.length)
    throw new Error(`no labels: ${text}`);
  return Object.fromEntries(matches.map(([, label = "", value = ""]) => [label, value]));
}
