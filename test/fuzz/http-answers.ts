// Takes apart what came back on an HTTP/1.1 connection, strictly: bytes that are no answer are an error.

const EMPTY = Buffer.alloc(0);

/** One answer. */
export interface ParsedAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const BRACE = "{".charCodeAt(0);

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3}) /;

/** All answers, without informational ones. `method` is that of the first request. An answer that was cut off is the last. */
export function parseAnswers(bytes: Buffer, method: string): readonly ParsedAnswer[] {
  const answers: ParsedAnswer[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) throw new Error(`not an answer: ${JSON.stringify(rest.toString("latin1").slice(0, 200))}`);
    const { status, headers } = parseHead(rest.subarray(0, end).toString("latin1"));
    rest = rest.subarray(end + 4);
    if (status < 200) continue;
    // What could not be read was not known to be a HEAD, and is answered with a body.
    const isToHead = method === "HEAD" && answers.length === 0 && rest[0] !== BRACE;
    const isEmpty = status === 204 || status === 304 || isToHead || rest.length === 0;
    const { body, size } = isEmpty ? { body: EMPTY, size: 0 } : readBody(headers, rest);
    answers.push({ status, headers, body });
    rest = rest.subarray(size);
  }
  return answers;
}

function parseHead(head: string): { readonly status: number; readonly headers: ReadonlyMap<string, string> } {
  const [first = "", ...lines] = head.split("\r\n");
  const status = Number(STATUS_LINE.exec(first)?.[1]);
  if (!(status >= 100)) throw new Error(`not a status line: ${JSON.stringify(first.slice(0, 200))}`);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status, headers: new Map(headers) };
}

/** A body, and how many bytes it took on the wire. */
function readBody(
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
): { readonly body: Buffer; readonly size: number } {
  if (headers.get("transfer-encoding") === "chunked") return readChunks(rest);
  const size = Math.min(Number(headers.get("content-length") ?? rest.length), rest.length);
  return { body: rest.subarray(0, size), size };
}

function readChunks(rest: Buffer): { readonly body: Buffer; readonly size: number } {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = rest.indexOf("\r\n", at);
    const size = line < 0 ? 0 : Number.parseInt(rest.toString("latin1", at, line), 16);
    if (size === 0) return { body: Buffer.concat(chunks), size: endOfTrailers(rest, line) };
    chunks.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}

/** Behind the last chunk come trailers, perhaps none, and an empty line. */
function endOfTrailers(rest: Buffer, lastLine: number): number {
  const end = lastLine < 0 ? -1 : rest.indexOf("\r\n\r\n", lastLine);
  return end < 0 ? rest.length : end + 4;
}
