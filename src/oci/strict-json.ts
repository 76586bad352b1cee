// JSON whose meaning no two readers can dispute: objects without members of the same
// name. What signs a document and what checks it must see the same. RFC 7515, 4; RFC 7519, 4;
// RFC 8259, 4.

/** How deep arrays and objects may lie in each other. */
const MAX_DEPTH = 32;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface StrictJsonOptions {
  /** True: names that differ only in case are the same name, as programs in Go take them to be. */
  readonly foldsCase?: boolean;
}

/** One token of a valid JSON text; numbers and words are of no interest. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g;

/** Reads one object. Throws an Error that says what is wrong, without the text. */
export function parseStrictObject(text: string, { foldsCase = false }: StrictJsonOptions = {}): JsonObject {
  const value: unknown = JSON.parse(text);
  checkMembers(text, foldsCase ? fold : (name) => name);
  if (!isJsonObject(value)) throw new Error("is no JSON object");
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text is valid JSON, so that a text before ":" is a member's name. */
function checkMembers(text: string, identity: (name: string) => string): void {
  const open: Set<string>[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") addName(open.at(-1), identity(String(JSON.parse(last)))); // "\u0061" and "a" are one name
    if (open.length > MAX_DEPTH) throw new Error(`lies more than ${MAX_DEPTH} levels deep`);
    last = token;
  }
}

function addName(names: Set<string> | undefined, name: string): void {
  if (names?.has(name)) throw new Error("has two members of the same name");
  names?.add(name);
}

/** Both ways: "ſ" is an "S" only in upper case, and the sign for kelvins a "k" only in lower case. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}
