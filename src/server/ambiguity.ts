// Requests that a proxy in front may understand otherwise than we do, though Node's
// parser takes them: answered with 400, so that nobody hides one request in another.
// RFC 9112, 6.1, 6.3 and 3.2.
import type { IncomingMessage } from "node:http";
import type { HttpError } from "./json-error.ts";

function invalid(message: string): HttpError {
  return { status: 400, code: "REQUEST_INVALID", message };
}

const TWO_HOSTS = invalid("there is more than one Host header");
const NOT_CHUNKED = invalid('the only Transfer-Encoding that is understood is "chunked"');
const OLD_CHUNKED = invalid("HTTP/1.0 has no Transfer-Encoding");

/** Undefined: the request has one meaning. */
export function ambiguityOf({ headers, httpVersion, rawHeaders }: IncomingMessage): HttpError | undefined {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    if (httpVersion === "1.0") return OLD_CHUNKED;
    if (coding.toLowerCase() !== "chunked") return NOT_CHUNKED;
  }
  return countHosts(rawHeaders) > 1 ? TWO_HOSTS : undefined;
}

/** Node keeps the first and drops the others. `rawHeaders` has names and values by turns. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") count += 1;
  }
  return count;
}
