// The limit of what node:http can do: a registry that checks nothing, hashes
// nothing and keeps only what it must answer with. Reads come from memory,
// uploads are counted and dropped. Usage: node limit-server.ts PORT
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Blobs up to this size are kept; of larger ones only the size, and they are answered with zeros. */
const KEPT_BYTES = 64 * 1024;

/** Of the tags and of the repositories, the first this many are a page. */
const PAGE = 100;

/** Stands for a manifest's digest, which is not computed. */
const SOME_DIGEST = `sha256:${"0".repeat(64)}`;

const EMPTY = Buffer.alloc(0);

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | number>;
  readonly body: Buffer;
}

const answers = new Map<string, Answer>();
const tags = new Map<string, string[]>();
const repositories = new Set<string>();
let zeros = Buffer.alloc(0);
let uploads = 0;

const NOT_FOUND: Answer = { status: 404, headers: { "Content-Length": 0 }, body: EMPTY };
const NOT_ALLOWED: Answer = { status: 405, headers: { "Content-Length": 0 }, body: EMPTY };
const CREATED: Answer = { status: 201, headers: { "Content-Length": 0 }, body: EMPTY };

function serve(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? "/";
  if (request.method === "PUT") receive(url, request, response);
  else send(response, answerTo(request.method, url), request.method === "HEAD");
}

function answerTo(method: string | undefined, url: string): Answer {
  if (method === "GET" || method === "HEAD") return answers.get(url) ?? page(url) ?? NOT_FOUND;
  if (method !== "POST") return NOT_ALLOWED;
  return { status: 202, headers: { Location: `${url}${++uploads}`, "Content-Length": 0 }, body: EMPTY };
}

function send(response: ServerResponse, answer: Answer, headersOnly: boolean): void {
  response.writeHead(answer.status, answer.headers);
  response.end(headersOnly ? undefined : answer.body);
}

/** Makes the listing the first time it is asked for; later ones are the same bytes. */
function page(url: string): Answer | undefined {
  const [path = ""] = url.split("?");
  if (path === "/v2/") return listing(url, {});
  if (path === "/v2/_catalog") return listing(url, { repositories: firstPage(repositories) });
  const [, name = ""] = /^\/v2\/(.+)\/tags\/list$/.exec(path) ?? [];
  const named = tags.get(name);
  return named && listing(url, { name, tags: firstPage(named) });
}

function firstPage(names: Iterable<string>): string[] {
  return [...names].sort().slice(0, PAGE);
}

function listing(url: string, value: object): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const answer = { status: 200, headers: headersFor("application/json", body.length), body };
  if (url !== "/v2/") answers.set(url, answer);
  return answer;
}

function headersFor(type: string, size: number, digest?: string): Record<string, string | number> {
  const headers = {
    "Content-Type": type,
    "Content-Length": size,
    "Docker-Distribution-Api-Version": "registry/2.0",
  };
  if (digest === undefined) return headers;
  return { ...headers, "Docker-Content-Digest": digest, ETag: `"${digest}"` };
}

function receive(url: string, request: IncomingMessage, response: ServerResponse): void {
  const kept: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= KEPT_BYTES) kept.push(chunk);
  });
  request.on("end", () => {
    store(url, size, kept, request.headers["content-type"] ?? "");
    send(response, CREATED, false);
  });
}

function store(url: string, size: number, kept: readonly Buffer[], type: string): void {
  const body = size <= KEPT_BYTES ? Buffer.concat(kept) : zerosOf(size);
  const [, name = "", tag = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url) ?? [];
  if (tag === "") storeBlob(url, body);
  else storeManifest(url, name, tag, { body, type });
}

function storeManifest(
  url: string,
  name: string,
  tag: string,
  content: { body: Buffer; type: string },
): void {
  const { body, type } = content;
  repositories.add(name);
  const named = tags.get(name);
  if (named === undefined) tags.set(name, [tag]);
  else named.push(tag);
  answers.set(url, { status: 200, headers: headersFor(type, body.length, SOME_DIGEST), body });
}

function storeBlob(url: string, body: Buffer): void {
  const { pathname, searchParams } = new URL(url, "http://limit");
  const digest = searchParams.get("digest") ?? SOME_DIGEST;
  const path = `${pathname.slice(0, pathname.indexOf("/uploads/"))}/${digest}`;
  const headers = headersFor("application/octet-stream", body.length, digest);
  answers.set(path, { status: 200, headers, body });
}

function zerosOf(size: number): Buffer {
  if (zeros.length < size) zeros = Buffer.alloc(size);
  return zeros.subarray(0, size);
}

createServer({ requestTimeout: 0 }, serve).listen(Number(process.argv[2]), "127.0.0.1");
