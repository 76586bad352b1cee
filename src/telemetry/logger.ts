// The log: a fixed message and fields, one line each, without secrets. Where it
// goes and what it looks like is chosen once, when the process starts.
import { type DestinationStream, pino } from "pino";
import pretty from "pino-pretty";
import type { Documented } from "./log-fields.ts";
import type { LineLevel, LogContext, LogDestination, LogOptions, LogTap } from "./log-options.ts";
import { parseLine, toLogfmt } from "./logfmt.ts";
import { printable, printableLines } from "./printable.ts";
import type { Scope } from "./scope.ts";
import { blotSecrets } from "./secrets.ts";

export type { LogDestination, LogOptions };

/** Writes `logger.info({ repository }, "message")`; an error goes into the field `err`. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  /** It cannot start, or go on. */
  fatal: Write;
  /** It crashes. */
  panic: Write;
  isLevelEnabled(level: string): boolean;
}

/** Takes only fields that stand in the table of fields, and so in the documentation. */
interface Write {
  <T extends object>(fields: T & Documented<T>, message: string): void;
  (message: string): void;
}

export function createLogger(
  options: LogOptions,
  destination: LogDestination,
  context: LogContext = {},
): Logger {
  const { scopes } = context;
  return pino(
    {
      level: options.level,
      customLevels: { panic: 70 },
      base: baseFields(options, context),
      messageKey: "message",
      timestamp: options.formatter === "logstash" ? logstashTime : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: blotFields },
      serializers: { err: errorFields },
      ...(scopes !== undefined && { mixin: () => scopeFields(scopes.current) }),
    },
    streamFor(options, destination, context.tap),
  );
}

/** On every line, whatever it is about. */
export function baseFields({ formatter, fields }: LogOptions, { instanceId }: LogContext): object {
  return blotFields({
    ...(formatter === "logstash" && { "@version": "1" }),
    ...(instanceId !== undefined && { instanceId }),
    ...fields,
  });
}

/** Of the request that is worked for. What a line says itself wins. */
function scopeFields(scope: Scope | undefined): object {
  if (scope === undefined) return {};
  const { id, who, repository, reference, digest, traceId } = scope.notes;
  const principal = who?.();
  return {
    requestId: id,
    ...(traceId !== undefined && { traceId }),
    ...(principal !== undefined && { principal }),
    ...(repository !== undefined && { repository }),
    ...(reference !== undefined && { reference }),
    ...(digest !== undefined && { digest }),
  };
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

function streamFor(
  { formatter }: LogOptions,
  destination: LogDestination,
  tap: LogTap | undefined,
): DestinationStream {
  const render = formatter === "text" ? textForm(destination) : printable;
  if (tap === undefined) return { write: (line) => destination.write(`${render(line.trimEnd())}\n`) };
  return {
    write: (line) => {
      destination.write(`${render(line.trimEnd())}\n`);
      const level = levelOf(line);
      if (level !== undefined && tap.wants(level)) tap.hear(level, line);
    },
  };
}

/** pino writes it first. */
function levelOf(line: string): LineLevel | undefined {
  const [, level] = /^\{"level":"(panic|fatal|error|warn|info|debug)"/.exec(line) ?? [];
  // The alternatives of the expression are the type's members.
  return level as LineLevel | undefined;
}

function textForm({ isTerminal }: LogDestination): (line: string) => string {
  if (!isTerminal) return (line) => toLogfmt(line).trimEnd();
  const form = terminalForm();
  return (line) => form(parseLine(line));
}

/** A line for people, with colours, without the end of the line. */
export function terminalForm(): (fields: Readonly<Record<string, unknown>>) => string {
  const format = pretty.prettyFactory({
    colorize: true,
    messageKey: "message",
    timestampKey: "time",
    singleLine: true,
    customLevels: { panic: 70, fatal: 60, error: 50, warn: 40, info: 30, debug: 20 },
    customColors: "panic:bgRed,fatal:bgRed,error:red,warn:yellow,info:green,debug:blue,message:cyan",
    // The same on every line.
    ignore: "instanceId",
    translateTime: "SYS:HH:MM:ss.l",
  });
  return (fields) => format(printableFields(fields)).trimEnd();
}

/** What is shown as it is: the message and an error's stack, where only the stack may break lines. */
function printableFields(fields: unknown): unknown {
  if (typeof fields === "string") return printable(fields);
  if (Array.isArray(fields)) return fields.map(printableFields);
  if (typeof fields !== "object" || fields === null) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => [
      printable(name),
      name === "stack" && typeof value === "string" ? printableLines(value) : printableFields(value),
    ]),
  );
}
