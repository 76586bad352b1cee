// A length of time, as someone types it: as the configuration has it.
import { type Duration, durationFromMs } from "@bufbuild/protobuf/wkt";
import { parseDuration } from "../config/duration.ts";
import { CommandFailure, EXIT } from "./world.ts";

/** "90m", "24h", "7d", "0". Throws CommandFailure. */
export function parseSpanOption(text: string, option: string): Duration {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return durationFromMs(Math.round(milliseconds));
  const message = `${option}: "${text}" is no length of time; it looks like 90m, 24h or 7d`;
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}
