// Lines that are written for every request: the same fields in the same order, so that
// most of a line is known beforehand. They look like the logger's own. Parts are joined,
// not added one by one: what is added piece by piece has to be made one text later,
// which costs more than all the rest.
import { pino } from "pino";
import type { FieldName } from "./log-fields.ts";
import type { LineLevel, LogContext, LogOptions } from "./log-options.ts";
import { flattenFields, quoteLogfmt } from "./logfmt.ts";
import { baseFields } from "./logger.ts";
import { printable } from "./printable.ts";

export type LineValue = string | number | boolean | undefined;

/** Values stand in the order of the names; what is undefined is left out. Returns the line without its end. */
export type LineForm = (level: LineLevel, message: string, values: readonly LineValue[]) => string;

export function lineForm(options: LogOptions, context: LogContext, names: readonly FieldName[]): LineForm {
  return options.formatter === "text" ? textForm(options, context, names) : jsonForm(options, context, names);
}

/** As in the logger's own JSON: level, time, what is on every line, the fields, the message. */
export function jsonForm(options: LogOptions, context: LogContext, names: readonly FieldName[]): LineForm {
  const isLogstash = options.formatter === "logstash";
  const time = clock(isLogstash ? ',"@timestamp":"' : ',"time":"');
  const base = JSON.stringify(baseFields(options, context)).slice(1, -1);
  const head = printable(base === "" ? '"' : `",${base}`);
  const keys = names.map((name) => `,"${name}":`);
  const line = new Parts();
  return (level, message, values) => {
    line.begin('{"level":"', level, '"', time(), head);
    for (let index = 0; index < keys.length; index++) {
      const value = values[index];
      if (value === undefined) continue;
      line.add(keys[index] ?? "", typeof value === "string" ? quoteJson(value) : String(value));
    }
    return line.end(',"message":"', message, '"}');
  };
}

function textForm(options: LogOptions, context: LogContext, names: readonly FieldName[]): LineForm {
  const time = clock("time=");
  const base = flattenFields({ ...baseFields(options, context) })
    .map(([name, value]) => ` ${quoteLogfmt(name)}=${quoteLogfmt(String(value))}`)
    .join("");
  const keys = names.map((name) => ` ${name}=`);
  const line = new Parts();
  return (level, message, values) => {
    line.begin(time(), " level=", level, " msg=", message, base);
    for (let index = 0; index < keys.length; index++) {
      const value = values[index];
      if (value === undefined) continue;
      line.add(keys[index] ?? "", typeof value === "string" ? quoteText(value) : String(value));
    }
    return line.end();
  };
}

/** The parts of one line after the other, in the same place. */
class Parts {
  readonly #parts: string[] = [];
  #count = 0;

  begin(...parts: readonly string[]): void {
    this.#count = 0;
    this.add(...parts);
  }

  add(...parts: readonly string[]): void {
    for (const part of parts) this.#parts[this.#count++] = part;
  }

  end(...parts: readonly string[]): string {
    this.add(...parts);
    this.#parts.length = this.#count;
    return this.#parts.join("");
  }
}

const PLAIN_JSON = /^[ !#-[\]-~]*$/;

const PLAIN_TEXT = /^[!#-<>-[\]-~]+$/;

function quoteJson(text: string): string {
  return PLAIN_JSON.test(text) ? `"${text}"` : printable(JSON.stringify(text));
}

function quoteText(text: string): string {
  if (PLAIN_TEXT.test(text)) return text;
  return text !== "" && PLAIN_JSON.test(text) ? `"${text}"` : quoteLogfmt(text);
}

/** The logger's time behind a text, made once a millisecond. */
function clock(before: string): () => string {
  let shown = Number.NaN;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== shown) {
      shown = now;
      const iso = pino.stdTimeFunctions.isoTime().slice(',"time":"'.length, -1);
      text = before + iso;
    }
    return text;
  };
}
