// When a token shall end, as someone types it.
import { parseExpiry } from "../config/expiry.ts";
import { parseSpan } from "./time-option.ts";
import { CommandFailure, EXIT } from "./world.ts";

/**
 * A span from now on, "90d" or "12h"; a day, with which it ends in UTC, as in the users file; or a time of RFC 3339. In
 * milliseconds since 1970. Throws CommandFailure.
 */
export function parseExpires(text: string, now: number): number {
  const span = parseSpan(text);
  const time = span === undefined ? parseExpiry(text) : now + span;
  if (time === undefined)
    throw usage(
      `--expires: "${text}" is no time; write a span such as 90d or 12h, a day such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z`,
    );
  if (time <= now) throw usage(`--expires: ${text} has passed already`);
  if (time > LATEST_MS)
    throw usage(`--expires: ${text} is too far away; leave it out for as late as allowed`);
  return time;
}

/** Where times of protobuf end. */
const LATEST_MS = Date.parse("9999-12-31T23:59:59Z");

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
