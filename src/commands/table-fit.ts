// Making a table fit a terminal: cells are said shorter, then cut, and then
// columns go.

import { type Cell, type Column, textOf } from "./cell.ts";
import { cutEnd, cutMiddle } from "./cut.ts";

/** A table before it is laid out; the titles are its first row. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Columns are not cut to less than this. */
const NARROWEST = 12;

/** How wide each column is. */
export function columnWidths({ columns, rows }: Table): number[] {
  return columns.map((_, index) => Math.max(...rows.map((row) => textOf(row[index]).length)));
}

/** The table, so far as it can be made to fit in a width. */
export function fitTable(table: Table, width: number): Table {
  const short = sayShorter(table, width);
  const cut = cutCells(short, width);
  const last = short.columns.findLastIndex(({ canGo }) => canGo === true);
  if (excess(cut, width) <= 0 || last === -1) return cut;
  return fitTable(
    { columns: without(table.columns, last), rows: table.rows.map((row) => without(row, last)) },
    width,
  );
}

function excess(table: Table, width: number): number {
  return columnWidths(table).reduce((sum, one) => sum + one, 2 * (table.columns.length - 1)) - width;
}

function without<T>(list: readonly T[], index: number): T[] {
  return list.filter((_, at) => at !== index);
}

/** From the last column on, as far as needed. */
function sayShorter(table: Table, width: number): Table {
  let shorter = table;
  for (const index of table.columns.keys().toArray().reverse()) {
    if (excess(shorter, width) <= 0) break;
    shorter = withColumn(shorter, index, (cell) =>
      typeof cell === "object" && cell.short !== undefined ? { ...cell, text: cell.short } : cell,
    );
  }
  return shorter;
}

/** The widest column first. */
function cutCells(table: Table, width: number): Table {
  let cut = table;
  const widths = columnWidths(table);
  const order = table.columns
    .keys()
    .toArray()
    .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
  for (const index of order) {
    const [side, over] = [table.columns[index]?.cut, excess(cut, width)];
    if (side === undefined || over <= 0) continue;
    const room = Math.max(NARROWEST, (widths[index] ?? 0) - over);
    const cutText = side === "middle" ? cutMiddle : cutEnd;
    cut = withColumn(cut, index, (cell) => {
      const text = cutText(textOf(cell), room);
      return typeof cell === "object" ? { ...cell, text } : text;
    });
  }
  return cut;
}

function withColumn(table: Table, index: number, change: (cell: Cell) => Cell): Table {
  const rows = table.rows.map((row) => row.map((cell, at) => (at === index ? change(cell) : cell)));
  return { ...table, rows };
}
