// A log line as text without colours: time, level, message, then key=value. One
// line stays one line, whatever is in it.

type Fields = Readonly<Record<string, unknown>>;

/** Turns one JSON object, as the logger writes it, into one line of text. */
export function toLogfmt(json: string): string {
  const { time, level, message, ...fields } = parse(json);
  const pairs = [pair("time", time), pair("level", level), pair("msg", message), ...flatten("", fields)];
  return `${pairs.join(" ")}\n`;
}

function parse(json: string): Fields {
  const value: unknown = JSON.parse(json);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Members of objects get names with dots: error.message. */
function flatten(prefix: string, fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const isNested = typeof value === "object" && value !== null && !Array.isArray(value);
    return isNested ? flatten(`${prefix}${name}.`, { ...value }) : [pair(prefix + name, value)];
  });
}

function pair(name: string, value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return `${name}=${/^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)}`;
}
