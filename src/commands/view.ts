// How a command's output looks: in local time and no wider than it on a
// terminal, in UTC and uncut elsewhere; with colours or without.
import { styleText } from "node:util";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { formatClock, formatDistance, formatIsoTime, formatLocalTime, formatShortTime } from "./readable.ts";
import type { World } from "./world.ts";

/** A colour or weight, as Node.js names it. */
export type Style = Parameters<typeof styleText>[0];

/** Whom the output is for. */
export interface View {
  /** How many characters fit in a line; Infinity: nothing needs to be cut. */
  readonly width: number;
  /** The text in a style, or as it is where there are no colours. */
  readonly paint: (style: Style, text: string) => string;
  /** A point in time with its date; "-" when absent. */
  readonly time: (time: Timestamp | undefined) => string;
  /** The same, as short as it is still clear on a terminal. */
  readonly shortTime: (time: Timestamp | undefined) => string;
  /** The time of day alone on a terminal, for lines that the date does not fit in; else as shortTime. */
  readonly clock: (time: Timestamp | undefined) => string;
  /** How long ago, or in how long; "never" when absent. */
  readonly distance: (time: Timestamp | undefined) => string;
  /** "3 min ago (2026-03-01 15:04:05)"; "never" when absent. distance says it shorter. */
  readonly fullTime: (time: Timestamp | undefined) => string;
}

/** The view that fits a command's output. */
export function createView({ out, now }: Pick<World, "out" | "now">): View {
  const { isTerminal, hasColors, columns = Number.POSITIVE_INFINITY } = out;
  const absolute = isTerminal ? formatLocalTime : formatIsoTime;
  const short = isTerminal ? formatShortTime : formatIsoTime;
  const clock = isTerminal ? formatClock : formatIsoTime;
  const distance = (time: Timestamp) => formatDistance(timestampMs(time), now());
  return {
    width: isTerminal ? columns : Number.POSITIVE_INFINITY,
    paint: hasColors
      ? (style, text) => styleText(style, text, { validateStream: false })
      : (_style, text) => text,
    time: (time) => (time === undefined ? "-" : absolute(timestampMs(time))),
    shortTime: (time) => (time === undefined ? "-" : short(timestampMs(time))),
    clock: (time) => (time === undefined ? "-" : clock(timestampMs(time))),
    distance: (time) => (time === undefined ? "never" : distance(time)),
    fullTime: (time) => (time === undefined ? "never" : `${distance(time)} (${absolute(timestampMs(time))})`),
  };
}
