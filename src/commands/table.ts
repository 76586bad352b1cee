// Tables for people: columns as wide as their longest cell, two spaces between.
import { type Cell, type Column, textOf } from "./cell.ts";
import { columnWidths, fitTable } from "./table-fit.ts";
import type { View } from "./view.ts";

/** The table's lines: the titles, then the rows. On a narrow terminal they say less. */
export function tableLines(
  { paint, width }: Pick<View, "paint" | "width">,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const titles = columns.map(({ title }) => ({ text: title, style: "dim" as const }));
  const fitting = fitTable({ columns, rows: [titles, ...rows] }, width);
  return layOut(paint, fitting.columns, fitting.rows);
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
  const widths = columnWidths({ columns, rows });
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

function paintCell(paint: View["paint"], cell: Cell | undefined, text: string): string {
  const style = typeof cell === "object" ? cell.style : undefined;
  return style === undefined || text === "" ? text : paint(style, text);
}
