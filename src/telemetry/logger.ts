// The log: a fixed message and fields, one line each, without secrets. Where it
// goes and what it looks like is chosen once, when the process starts.
import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import pretty from "pino-pretty";
import { toLogfmt } from "./logfmt.ts";
import { blotSecrets } from "./secrets.ts";

/** Writes `logger.info({ repository }, "message")`; an error goes into the field `err`. */
export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;

export interface LogOptions {
  readonly level: "error" | "warn" | "info" | "debug";
  /** Text is coloured on a terminal and "key=value" elsewhere. */
  readonly formatter: "text" | "json" | "logstash";
  /** Added to every line. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Where lines go: standard error in the program, a list in a test. */
export interface LogDestination extends DestinationStream {
  /** True: people read it as it is written. */
  readonly isTerminal: boolean;
}

export function createLogger(options: LogOptions, destination: LogDestination): Logger {
  const isLogstash = options.formatter === "logstash";
  return pino(
    {
      level: options.level,
      base: blotFields({ ...(isLogstash && { "@version": "1" }), ...options.fields }),
      messageKey: "message",
      timestamp: isLogstash ? logstashTime : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: blotFields },
      serializers: { err: errorFields },
    },
    streamFor(options, destination),
  );
}

function logstashTime(): string {
  return pino.stdTimeFunctions.isoTime().replace('"time"', '"@timestamp"');
}

/** What an error says; what else hangs on it (the headers and details of a failed call) is long and may be secret. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = pino.stdSerializers.err(error);
  return { type, message, stack, ...("code" in error && { code: error.code }) };
}

/** Errors are left as they are: errorFields writes them out. */
function blotFields(fields: Record<string, unknown>): Record<string, unknown> {
  return { ...Object(blotSecrets(fields)) };
}

function streamFor({ formatter }: LogOptions, destination: LogDestination): DestinationStream {
  if (formatter !== "text") return destination;
  if (!destination.isTerminal) return { write: (line) => destination.write(toLogfmt(line)) };
  const format = pretty.prettyFactory({
    colorize: true,
    messageKey: "message",
    timestampKey: "time",
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
  });
  return { write: (line) => destination.write(format(line)) };
}
