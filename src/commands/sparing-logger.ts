// When the registry behind a gateway is away, every request would log the same.
import type { GatewayLogger } from "../../gateway/exchange.ts";

export interface SparingOptions {
  /** Which message is held back; others are logged as they come. */
  readonly message: string;
  /** The least time between two of it, in milliseconds. */
  readonly everyMs: number;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Logs one message seldom; its next line tells how many were `omitted`. */
export function sparingLogger(
  logger: GatewayLogger,
  { message, everyMs, now }: SparingOptions,
): GatewayLogger {
  let silentUntil = Number.NEGATIVE_INFINITY;
  let omitted = 0;
  return {
    error(fields, text) {
      if (text !== message) return logger.error(fields, text);
      if (now() < silentUntil) {
        omitted += 1;
        return;
      }
      silentUntil = now() + everyMs;
      logger.error(omitted === 0 ? fields : { ...fields, omitted }, text);
      omitted = 0;
    },
  };
}
