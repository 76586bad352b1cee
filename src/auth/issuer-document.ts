// Fetches the small JSON documents of an identity provider, and nothing else: from the
// place it has itself, over TLS, of a bounded size, within a time.

import { isJsonObject, type JsonObject } from "../oci/strict-json.ts";
import { quoted } from "./quoted.ts";

/** The largest document, in bytes. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

const MAX_REDIRECTS = 3;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The JSON object at the URL. Redirects are followed on the same origin only. Throws an Error with the reason. */
export async function fetchDocument(url: URL, signal: AbortSignal): Promise<JsonObject> {
  let place = url;
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const response = await ask(place, signal);
    if (!REDIRECTS.has(response.status)) return await readDocument(place, response);
    await response.body?.cancel();
    place = nextPlace(place, response.headers.get("location"));
  }
  throw new Error(`${placeOf(url)}: more than ${MAX_REDIRECTS} redirects`);
}

/**
 * The text as a URL that may be asked: https, or http where the program's own machine is meant. Throws an Error for
 * others.
 */
export function parseDocumentUrl(text: string, issuer: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new Error(`${quoted(text)} is no URL`);
  if (url.username !== "" || url.password !== "")
    throw new Error(`${quoted(placeOf(url))} may not have a user name or password`);
  // An issuer elsewhere may not send us to the services of this machine, nor away from TLS.
  const isLocal = isLoopback(url) && URL.parse(issuer)?.protocol === "http:" && isLoopback(new URL(issuer));
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal))
    throw new Error(`${quoted(placeOf(url))} is not https`);
  return url;
}

/** Without what may be secret. */
function placeOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { redirect: "manual", signal, headers: { accept: "application/json" } });
  } catch (error) {
    throw new Error(`${placeOf(url)}: ${reasonOf(error)}`, { cause: error });
  }
}

function nextPlace(from: URL, location: string | null): URL {
  const to = location === null ? null : URL.parse(location, from.href);
  if (to === null) throw new Error(`${placeOf(from)}: a redirect without a place to go to`);
  if (to.origin !== from.origin)
    throw new Error(`${placeOf(from)}: a redirect to ${to.origin} is not followed`);
  return to;
}

async function readDocument(url: URL, response: Response): Promise<JsonObject> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${placeOf(url)}: answered ${response.status}`);
  }
  const bytes = await readBody(url, response);
  try {
    const document: unknown = JSON.parse(bytes.toString("utf8"));
    if (isJsonObject(document)) return document;
  } catch {
    // The parser's words quote the document; the sentence below is enough.
  }
  throw new Error(`${placeOf(url)}: answered with what is no JSON object`);
}

async function readBody(url: URL, { body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.length;
      if (size > MAX_DOCUMENT_BYTES) break; // leaving the loop cancels the rest
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`${placeOf(url)}: ${reasonOf(error)}`, { cause: error });
  }
  if (size > MAX_DOCUMENT_BYTES)
    throw new Error(`${placeOf(url)}: answered with more than ${MAX_DOCUMENT_BYTES} bytes`);
  return Buffer.concat(chunks);
}

/** fetch says only that it failed; why lies below. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  return error.cause instanceof Error ? error.cause.message : error.message;
}
