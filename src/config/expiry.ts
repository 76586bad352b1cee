// When something ends, as people write it: a day, or a time of RFC 3339.

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

const TIME =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const DAY_MS = 86_400_000;

/**
 * The first millisecond since 1970 that is too late. A day ends with it, in UTC: "2027-01-01" is midnight after it.
 * Undefined when the text is neither a day nor a time.
 */
export function parseExpiry(text: string): number | undefined {
  const day = parseDay(text);
  if (day !== undefined) return day + DAY_MS;
  const [, date = ""] = TIME.exec(text) ?? [];
  return parseDay(date) === undefined ? undefined : Date.parse(text);
}

/** Undefined for days that are in no calendar, such as the 30th of February. */
function parseDay(text: string): number | undefined {
  if (!DAY.test(text)) return undefined;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) ? time : undefined;
}
