// The log section.
import { z } from "zod";
import { acts, FLAG, flag, inert } from "../key.ts";
import { logHookKeys } from "./log-hooks.ts";

const level = z.enum(["error", "warn", "info", "debug"]);
const LEVEL = "error, warn, info or debug";

/** Two fields of one name are read as one by some collectors and as an error by others. */
export const LINE_FIELD_NAMES: ReadonlySet<string> = new Set([
  "time",
  "level",
  "message",
  "msg",
  "instanceId",
  "@timestamp",
  "@version",
]);

/** On lines of requests; src/telemetry/log-fields.ts says what they mean, and a test that these are all. */
export const REQUEST_FIELD_NAMES: ReadonlySet<string> = new Set([
  "requestId",
  "traceId",
  "principal",
  "repository",
  "reference",
  "digest",
  "method",
  "path",
  "status",
  "durationMs",
  "bytes",
  "aborted",
  "handler",
  "rpc",
  "code",
  "client",
  "userAgent",
  "host",
  "protocol",
]);

/** The lines that have a field of this name. Undefined: the name is free. */
function ownersOf(name: string): string | undefined {
  if (LINE_FIELD_NAMES.has(name)) return "every line has";
  return REQUEST_FIELD_NAMES.has(name) ? "lines of requests have" : undefined;
}

export const logKeys = {
  version: acts({
    schema: z.union([z.literal(0.1), z.literal("0.1")]).optional(),
    type: "0.1",
    meaning: "The version of the file's format. Every file must have it; it cannot be set by a variable.",
  }),
  "log.level": acts({
    schema: level,
    type: LEVEL,
    default: "info",
    meaning: "The least important messages that are logged. The log goes to standard error.",
  }),
  "log.formatter": acts({
    schema: z.enum(["text", "json", "logstash"]),
    type: "text, json or logstash",
    default: "text",
    meaning:
      "How a line is written. `text` is coloured on a terminal and `key=value` elsewhere; `json` is one object a line; `logstash` is the same with `@timestamp`, `@version` and the level as a word.",
  }),
  "log.fields": acts({
    schema: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .superRefine((given, context) => {
        for (const name of Object.keys(given)) {
          const owners = ownersOf(name);
          if (owners === undefined) continue;
          const message = `"${name}" is a field that ${owners} already; choose another name`;
          context.addIssue({ code: "custom", path: [name], params: { message } });
        }
      }),
    type: "a map of names to text, numbers or truth values",
    default: {},
    below: "field",
    meaning:
      "Added to every line. A name that every line, or lines of requests, [have already](logging.md#fields) is refused.",
  }),
  "log.accesslog.disabled": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning:
      "Whether requests are not logged. Otherwise each one that has been answered is a line of the log, of level info, or warn when the registry failed; see [logging](logging.md#the-access-log).",
  }),
  "log.reportcaller": inert({
    schema: z.boolean(),
    type: FLAG,
    meaning: "Lines do not name the place in the program.",
  }),
  ...logHookKeys,
  loglevel: acts({
    schema: level.optional(),
    type: LEVEL,
    meaning: "The old name of `log.level`, which wins when both are set.",
  }),
} as const;
