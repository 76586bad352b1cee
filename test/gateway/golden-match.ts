// Compares an answer with what is written, and learns the names it fills in.
import assert from "node:assert/strict";
import { fill, type Message } from "./golden-file.ts";

/** Headers that belong to the connection, not to the answer; and each answer's own name, which test/server/request-id.test.ts looks at. */
const OF_THE_CONNECTION = new Set(["connection", "date", "keep-alive", "transfer-encoding", "x-request-id"]);

/** Throws an assertion that shows both sides. Adds names that had no value. */
export function matchAnswer(expected: Message, actual: Message, names: Map<string, string>): void {
  const shown = show(actual);
  const pattern = show(expected);
  const filled = fill(pattern, names);
  const open: string[] = [];
  const expression = filled
    .split(/(\{\{(?:\w+|\*)\}\})/)
    .map((piece) => {
      if (piece === "{{*}}") return ".+";
      const name = /^\{\{(\w+)\}\}$/.exec(piece)?.[1];
      if (name === undefined) return RegExp.escape(piece);
      const known = open.indexOf(name);
      if (known >= 0) return `\\${known + 1}`;
      open.push(name);
      return '([^\\s"<>]+)';
    })
    .join("");
  const match = new RegExp(`^${expression}$`).exec(shown);
  if (match === null) assert.equal(shown, filled);
  for (const [index, name] of open.entries()) names.set(name, match?.[index + 1] ?? "");
}

/** Headers in one order and one spelling. */
function show({ start, headers, body }: Message): string {
  const lines = headers
    .filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase()))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .sort();
  return [start, ...lines, "", body].join("\n");
}
