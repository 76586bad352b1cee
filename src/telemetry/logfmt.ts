// A log line as text without colours: time, level, message, then key=value. One
// line stays one line, whatever is in it.
import { printable } from "./printable.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Turns one JSON object, as the logger writes it, into one line of text. */
export function toLogfmt(json: string): string {
  const { time, level, message, ...fields } = parseLine(json);
  const pairs = [pair("time", time), pair("level", level), pair("msg", message), ...flatten("", fields)];
  return `${pairs.join(" ")}\n`;
}

/** The members of a line as the logger writes it. */
export function parseLine(json: string): Fields {
  const value: unknown = JSON.parse(json);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Members of objects get names with dots: error.message. */
export function flattenFields(fields: Fields, prefix = ""): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value);
    return isNested ? flattenFields({ ...value }, `${prefix}${name}.`) : [[prefix + name, value] as const];
  });
}

function flatten(prefix: string, fields: Fields): readonly string[] {
  return flattenFields(fields, prefix).map(([name, value]) => pair(name, value));
}

function pair(name: string, value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return `${quoteLogfmt(name)}=${quoteLogfmt(text)}`;
}

/** As it is where that is one word, else in quotes. */
export function quoteLogfmt(text: string): string {
  return /^[^\s"=\\\p{Cc}\p{Cf}]+$/u.test(text) ? text : printable(JSON.stringify(text));
}
