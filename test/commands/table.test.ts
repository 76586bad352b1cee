import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { blockLines, tableLines } from "../../src/commands/table.ts";
import { createView } from "../../src/commands/view.ts";

const view = (hasColors: boolean, columns = 1000) =>
  createView({ out: { isTerminal: true, hasColors, columns, write: async () => {} }, now: Date.now });

const COLUMNS = [{ title: "NAME" }, { title: "LAG", alignRight: true }, { title: "URL" }];
const ROWS = [
  ["a", "1,234", "http://a"],
  [{ text: "a long name", style: "red" as const }, "0", "\u001b[2J"],
];

test("columns are as wide as what is in them, numbers stand right, and nothing trails", () => {
  assert.deepEqual(tableLines(view(false), COLUMNS, ROWS), [
    "NAME           LAG  URL",
    "a            1,234  http://a",
    "a long name      0  ?[2J",
  ]);
});

test("colours change nothing about where things stand", () => {
  const plain = tableLines(view(false), COLUMNS, ROWS);
  const coloured = tableLines(view(true), COLUMNS, ROWS);
  assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
  assert.ok(coloured[2]?.startsWith("\u001b[31ma long name\u001b[39m "));
});

test("a block has a label once, and each of its lines below the first", () => {
  assert.deepEqual(
    blockLines(view(false), [["State", "active"], ["Failing", "503", "2 failures"], ["Empty"]]),
    ["  State    active", "  Failing  503", "           2 failures"],
  );
});

const LONG = `${"a".repeat(20)}/${"b".repeat(20)}`;
const NARROW_COLUMNS = [
  { title: "NAME", cut: "middle" as const },
  { title: "WHEN" },
  { title: "MORE", cut: "end" as const, canGo: true },
];
const NARROW_ROWS = [[LONG, { text: "3 s ago (12:00:00)", short: "3 s ago" }, "something more"]];

test("a narrow terminal gets the shorter form first, then cuts, then a column less", () => {
  const rowAt = (columns: number) => tableLines(view(false, columns), NARROW_COLUMNS, NARROW_ROWS)[1];
  assert.equal(rowAt(77), `${LONG}  3 s ago (12:00:00)  something more`);
  assert.equal(rowAt(76), `${LONG}  3 s ago  something more`);
  assert.equal(rowAt(60), "aaaaaaaaaaaaa…/bbbbbbbbbbbbbbbbbbbb  3 s ago  something more");
  assert.equal(rowAt(35), "aaaa…bbbbbbb  3 s ago  something m…");
  assert.equal(rowAt(34), "aaaaaaaaa…bbbbbbbbbbbbbbb  3 s ago");
});
