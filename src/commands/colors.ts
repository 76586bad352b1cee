// Whether output is coloured: what the terminal can, and what its reader wants.
import type { Environment } from "../config/environment.ts";

/** FORCE_COLOR wins over NO_COLOR, as in Node.js; else a terminal that can has colours. */
export function hasColors(environment: Environment, isTerminal: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: kind } = environment;
  if (force !== undefined) return force !== "0" && force !== "false";
  // no-color.org: present and not empty.
  return isTerminal && kind !== "dumb" && (no ?? "") === "";
}
