// Times and lengths of time from the network, in milliseconds.
import { type Duration, durationMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { RegistryError } from "../oci/errors.ts";

/** The seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z: what protobuf knows. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** The seconds of the longest duration that protobuf knows. */
const MOST_SECONDS = 315_576_000_000n;

/** Since 1970, rounded down. Throws REQUEST_INVALID for what is no time. */
export function parseTime(message: Timestamp, field: string): number {
  const { seconds, nanos } = message;
  if (seconds >= FIRST_SECOND && seconds <= LAST_SECOND)
    return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
  const text = `${field} must be between the years 1 and 9999`;
  throw new RegistryError("REQUEST_INVALID", { field }, { message: text });
}

/** Absent stays absent. Throws REQUEST_INVALID for one below 0 or longer than protobuf knows. */
export function parseDuration(message: Duration | undefined, field: string): number | undefined {
  if (message === undefined) return undefined;
  const { seconds, nanos } = message;
  if (seconds >= 0n && nanos >= 0 && seconds <= MOST_SECONDS) return Math.round(durationMs(message));
  const text = `${field} must be a duration that is not negative`;
  throw new RegistryError("REQUEST_INVALID", { field }, { message: text });
}
