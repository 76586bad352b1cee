// The log section.
import { z } from "zod";
import { acts, FLAG, inert } from "../key.ts";

const level = z.enum(["error", "warn", "info", "debug"]);
const LEVEL = "error, warn, info or debug";

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
    schema: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    type: "a map of names to text, numbers or truth values",
    default: {},
    below: "field",
    meaning: "Added to every line.",
  }),
  "log.accesslog.disabled": inert({
    schema: z.boolean(),
    type: FLAG,
    meaning: "There is no access log yet.",
  }),
  "log.reportcaller": inert({
    schema: z.boolean(),
    type: FLAG,
    meaning: "Lines do not name the place in the program.",
  }),
  "log.hooks": inert({ type: "a list", below: "tree", meaning: "Nothing is sent by mail." }),
  loglevel: acts({
    schema: level.optional(),
    type: LEVEL,
    meaning: "The old name of `log.level`, which wins when both are set.",
  }),
} as const;
