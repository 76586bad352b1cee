// Takes apart what came back on an HTTP/1.1 connection, strictly: bytes that are no answer are an error.

/** One answer. */
export interface ParsedAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

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
    const isEmpty = status === 204 || status === 304 || (method === "HEAD" && answers.length === 0);
    const size = isEmpty ? 0 : bodySize(headers, rest);
    answers.push({ status, headers, body: plainBody(headers, rest.subarray(0, size)) });
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

function bodySize(headers: ReadonlyMap<string, string>, rest: Buffer): number {
  const length = headers.get("content-length");
  if (length !== undefined) return Math.min(Number(length), rest.length);
  if (headers.get("transfer-encoding") !== "chunked") return rest.length;
  const end = rest.indexOf("0\r\n\r\n");
  return end < 0 ? rest.length : end + 5;
}

/** Only short bodies of one or two chunks are looked into. */
function plainBody(headers: ReadonlyMap<string, string>, body: Buffer): Buffer {
  if (headers.get("transfer-encoding") !== "chunked") return body;
  const chunks: Buffer[] = [];
  for (let rest = body; rest.length > 0; ) {
    const end = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.subarray(0, Math.max(end, 0)).toString("latin1"), 16);
    if (!(size > 0)) break;
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    rest = rest.subarray(end + 4 + size);
  }
  return Buffer.concat(chunks);
}
