// Tables for people: columns as wide as their longest cell, two spaces between.
import { printable } from "./readable.ts";
import type { Style, View } from "./view.ts";

/** What stands in a row: a text, or one in a style. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface Column {
  readonly title: string;
  /** True: for numbers. */
  readonly alignRight?: boolean;
}

/** The table's lines: the titles, then the rows. */
export function tableLines(
  { paint }: Pick<View, "paint">,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const titles = columns.map(({ title }) => ({ text: title, style: "dim" as const }));
  return layOut(paint, columns, [titles, ...rows]);
}

/** Lines of a label and what it says, in a block; a label says as many lines as it has. */
export function blockLines(
  { paint }: Pick<View, "paint">,
  entries: readonly (readonly [label: string, ...lines: Cell[]])[],
): string[] {
  const rows = entries.flatMap(([label, ...lines]) =>
    lines.map((line, index) => [{ text: index === 0 ? label : "", style: "dim" as const }, line]),
  );
  return layOut(paint, [{ title: "" }, { title: "" }], rows).map((line) => `  ${line}`);
}

function layOut(
  paint: View["paint"],
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => textOf(row[index]).length)));
  return rows.map((row) => {
    const cells = columns.map((column, index) => {
      const text = textOf(row[index]);
      const gap = " ".repeat((widths[index] ?? 0) - text.length);
      const painted = paintCell(paint, row[index], text);
      return column.alignRight === true ? gap + painted : painted + gap;
    });
    return cells.join("  ").trimEnd();
  });
}

/** What a cell says, without anything that moves a cursor. */
export function textOf(cell: Cell | undefined): string {
  return printable(typeof cell === "object" ? cell.text : (cell ?? ""));
}

function paintCell(paint: View["paint"], cell: Cell | undefined, text: string): string {
  return typeof cell === "object" && text !== "" ? paint(cell.style, text) : text;
}
