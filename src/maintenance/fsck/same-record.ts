// Compares records member by member, in whatever order they were written.
import { isDeepStrictEqual } from "node:util";

export function sameRecord<R extends object>(first: R, second: R): boolean {
  return isDeepStrictEqual({ ...first }, { ...second });
}
