// A point in time in a table.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Cell } from "./cell.ts";
import type { View } from "./view.ts";

/** How long ago and when; on a narrow terminal only how long ago. */
export function timeCell(view: View, time: Timestamp | undefined): Cell {
  return { text: view.fullTime(time), short: view.distance(time) };
}
