// A point in time, as someone types it.
import { CommandFailure, EXIT } from "./world.ts";

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:z|[+-]\d{2}:\d{2})$/i;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const SPAN = /^(?:\d+(?:\.\d+)?[wdhms])+$/;
const PART = /(\d+(?:\.\d+)?)([wdhms])/g;

const UNITS: Readonly<Record<string, number>> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
};

/** Where times of protobuf begin. */
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");

/** An RFC 3339 time, a date (its first moment, where the person is), or a duration back from now such as "15m", "2h30m", "1d". In milliseconds since 1970. */
export function parseTime(text: string, { option, now }: { readonly option: string; readonly now: number }) {
  const span = parseSpan(text);
  const time = span === undefined ? (parseDate(text) ?? parseRfc3339(text)) : now - span;
  if (time >= EARLIEST_MS) return time;
  const message =
    `${option}: "${text}" is no time; it looks like 2026-03-01T15:04:05Z, 2026-03-01 or, ` +
    "back from now, like 15m, 2h or 1d";
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

/** Absent: it is none. */
function parseDate(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(`${text}T00:00:00`);
  // There is no 30 February, but the parser takes it for one of March.
  return date.getMonth() + 1 === Number(month) && date.getDate() === Number(day) ? date.getTime() : undefined;
}

/** NaN: it is none. */
function parseRfc3339(text: string): number {
  return RFC_3339.test(text) ? Date.parse(text.replace(" ", "T").toUpperCase()) : Number.NaN;
}

/** "15m", "2h30m", "1d", in milliseconds. Undefined: it is none. */
export function parseSpan(text: string): number | undefined {
  if (!SPAN.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  return Math.round(total);
}
