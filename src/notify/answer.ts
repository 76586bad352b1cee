// What of a receiver's answer matters here.

export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** The longest wait that an answer may ask for. */
const MAX_RETRY_AFTER = 24 * 60 * 60 * 1000;

/** The statuses with which Retry-After tells when to come again. RFC 9110, 10.2.3; RFC 6585, 4. */
const ASKING_TO_WAIT: ReadonlySet<number> = new Set([429, 503]);

/** How long to wait before the next attempt, in milliseconds, at most a day. Absent: the answer does not say. */
export function retryAfterMs({ status, headers }: Answer, now: number): number | undefined {
  const value = headerValue(headers["retry-after"]);
  if (value === undefined || !ASKING_TO_WAIT.has(status)) return undefined;
  const wait = /^[0-9]+$/.test(value) ? Number(value) * 1000 : untilDate(value, now);
  return wait === undefined ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER);
}

/** The first value of a header. */
export function headerValue(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "object" ? value[0]?.trim() : value?.trim();
}

/** All forms of an HTTP date begin with the name of a day. */
function untilDate(value: string, now: number): number | undefined {
  const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : date - now;
}
