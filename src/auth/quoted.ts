// Text that strangers chose, as messages show it.

const MAX_SHOWN = 80;

/** The value in quotation marks, its control characters escaped, cut when it is long. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
