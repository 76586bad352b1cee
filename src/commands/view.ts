// How a command's output looks: coloured and in local time on a terminal, plain
// and in UTC elsewhere.
import { styleText } from "node:util";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { formatDistance, formatIsoTime, formatLocalTime, formatShortTime } from "./readable.ts";
import type { World } from "./world.ts";

/** A colour or weight, as Node.js names it. */
export type Style = Parameters<typeof styleText>[0];

/** Whom the output is for. */
export interface View {
  /** The text in a style, or as it is where there is no terminal. */
  readonly paint: (style: Style, text: string) => string;
  /** A point in time with its date; "-" when absent. */
  readonly time: (time: Timestamp | undefined) => string;
  /** The same, as short as it is still clear on a terminal. */
  readonly shortTime: (time: Timestamp | undefined) => string;
  /** How long ago, or in how long; "never" when absent. */
  readonly distance: (time: Timestamp | undefined) => string;
  /** "3 min ago (2026-03-01 15:04:05)"; "never" when absent. */
  readonly fullTime: (time: Timestamp | undefined) => string;
}

/** The view that fits a command's output. */
export function createView({ out, now }: Pick<World, "out" | "now">): View {
  const { isTerminal } = out;
  const absolute = isTerminal ? formatLocalTime : formatIsoTime;
  const short = isTerminal ? formatShortTime : formatIsoTime;
  const distance = (time: Timestamp) => formatDistance(timestampMs(time), now());
  return {
    paint: isTerminal
      ? (style, text) => styleText(style, text, { validateStream: false })
      : (_style, text) => text,
    time: (time) => (time === undefined ? "-" : absolute(timestampMs(time))),
    shortTime: (time) => (time === undefined ? "-" : short(timestampMs(time))),
    distance: (time) => (time === undefined ? "never" : distance(time)),
    fullTime: (time) => (time === undefined ? "never" : `${distance(time)} (${absolute(timestampMs(time))})`),
  };
}
