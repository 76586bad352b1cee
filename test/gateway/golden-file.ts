// Reads test/golden/*.http: whole HTTP exchanges as text.
//
//   # text                      a remark, before the first exchange
//   @layer = hello              names a text; {{layer}}, {{layer.size}}, {{layer.sha256}}, {{layer.sha512}}
//   ### A sentence              begins an exchange: a request, then the answer it must have
//   POST /v2/a/blobs/uploads/
//   Content-Length: 0
//
//   HTTP/1.1 202
//   Location: {{upload}}        a name without a value takes whatever stands here, and means that from now on
//   Content-Length: {{*}}       anything, to the end of the line: texts for people may change
//
// The last line break of a body belongs to the file, not to the body. An answer
// has exactly the headers that are written, beside those of the connection.
import { createHash } from "node:crypto";

export interface GoldenExchange {
  readonly title: string;
  readonly request: Message;
  readonly answer: Message;
}

/** One side of an exchange, with its placeholders. */
export interface Message {
  /** "POST /v2/…", or "HTTP/1.1 202". */
  readonly start: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface GoldenFile {
  readonly names: ReadonlyMap<string, string>;
  readonly exchanges: readonly GoldenExchange[];
}

export function parseGoldenFile(text: string): GoldenFile {
  const [preamble = "", ...blocks] = text.split(/^### /m);
  const names = new Map<string, string>();
  for (const line of preamble.split("\n")) {
    const match = /^@(\w+) = (.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) define(names, match[1], fill(match[2], names));
    else if (line !== "" && !line.startsWith("#")) throw new Error(`cannot read "${line}"`);
  }
  return { names, exchanges: blocks.map(parseExchange) };
}

/** Puts in values for placeholders; those that have none stay. */
export function fill(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/\{\{([\w.]+)\}\}/g, (placeholder, name: string) => names.get(name) ?? placeholder);
}

function define(names: Map<string, string>, name: string, value: string): void {
  names.set(name, value);
  names.set(`${name}.size`, String(Buffer.byteLength(value)));
  names.set(`${name}.sha256`, `sha256:${createHash("sha256").update(value).digest("hex")}`);
  names.set(`${name}.sha512`, `sha512:${createHash("sha512").update(value).digest("hex")}`);
}

function parseExchange(block: string): GoldenExchange {
  const match = /^(?<title>.*)\n(?<request>[\s\S]*?)\n(?<answer>HTTP\/1\.1 [\s\S]*)$/.exec(block);
  const { title = "", request = "", answer = "" } = match?.groups ?? {};
  if (title === "") throw new Error(`not an exchange:\n${block}`);
  return { title, request: parseMessage(request), answer: parseMessage(answer.trimEnd()) };
}

function parseMessage(text: string): Message {
  const blank = text.indexOf("\n\n");
  const head = blank < 0 ? text : text.slice(0, blank);
  const [start = "", ...lines] = head.trimEnd().split("\n");
  return {
    start,
    headers: lines.map(parseHeader),
    body: blank < 0 ? "" : text.slice(blank + 2).replace(/\n$/, ""),
  };
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(": ");
  if (colon < 0) throw new Error(`not a header: "${line}"`);
  return [line.slice(0, colon), line.slice(colon + 2)];
}
