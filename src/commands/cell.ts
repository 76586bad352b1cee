// What tables consist of.
import { printable } from "./readable.ts";
import type { Style } from "./view.ts";

/** What stands in a row: a text, or one in a style, or one that can be said shorter. */
export type Cell = string | { readonly text: string; readonly style?: Style; readonly short?: string };

export interface Column {
  readonly title: string;
  /** True: for numbers. */
  readonly alignRight?: boolean;
  /** Where its cells may be cut on a narrow terminal. Absent: nowhere. */
  readonly cut?: "middle" | "end";
  /** True: a narrow terminal can do without it. */
  readonly canGo?: boolean;
}

/** What a cell says, without anything that moves a cursor. */
export function textOf(cell: Cell | undefined): string {
  return printable(typeof cell === "object" ? cell.text : (cell ?? ""));
}
