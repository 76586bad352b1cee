// Requests to the Docker API that are nearly right, or not at all.
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import type { Random } from "../support/random.ts";

/** What is there to be asked for. */
export interface Known {
  readonly repository: string;
  readonly tag: string;
  readonly blob: string;
  readonly manifest: string;
  readonly session: string;
}

/** A request as it goes over the wire. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly bytes: Buffer;
}

const METHODS = [
  "GET",
  "HEAD",
  "PUT",
  "POST",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "SEARCH",
  "LINK",
];

const ENCODINGS = [
  "%00",
  "%2f",
  "%2F",
  "%2e%2e",
  "%ff",
  "%",
  "%zz",
  "%c0%af",
  "%e2%82",
  "%0d%0a",
  "%25",
  "+",
  "%20",
  "%3f",
];

const SEGMENTS = [
  "..",
  ".",
  "",
  "_catalog",
  "blobs",
  "uploads",
  "manifests",
  "tags",
  "list",
  "referrers",
  "sha256:",
  "A",
  "ä",
  "\\",
  "~",
  "a".repeat(300),
  "v2",
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  range: [
    "bytes=0-",
    "bytes=-5",
    "bytes=5-1",
    "bytes=0-0,2-3",
    "bytes=9999-",
    "bytes=0-99999999999999999999",
    "bytes=-0",
    "bytes=a-b",
    "lines=1-2",
    "bytes=,,,",
    `bytes=${"0-1,".repeat(2000)}5-6`,
    "bytes",
  ],
  "content-range": ["0-3", "3-0", "bytes 0-3/4", "-1--1", "0-99999999999999999999", "4-7", "x", "0-", ""],
  "if-match": ["*", '"x"', "sha256:00", 'W/"a"', '"', '"a", "b"', "\x80", ",,,,"],
  "if-none-match": ["*", '"x"', "sha256:00", 'W/"a"', '"', '"a", "b"', ",,,,"],
  "if-range": ['"x"', "yesterday", "*"],
  accept: ["*/*", "text/html", OCI_IMAGE_MANIFEST, ",,;q=0", "a".repeat(5000)],
  "content-type": [
    OCI_IMAGE_MANIFEST,
    "application/json",
    "text/plain",
    "",
    'a/b; charset="',
    "application/octet-stream",
  ],
  "content-length": ["0", "3", "4", "5", "99999", "-1", "1e3", "0x4", "99999999999999999999999", "4, 4", " "],
  "transfer-encoding": [
    "chunked",
    "gzip",
    "chunked, chunked",
    "identity",
    "chunked;q=1",
    "xchunked",
    "gzip, chunked",
  ],
  expect: ["100-continue", "200-ok", ""],
  connection: ["close", "keep-alive", "upgrade", "close, x", "te"],
  upgrade: ["websocket", "h2c", "TLS/1.0"],
  "http2-settings": ["AAMAAABkAARAAAAAAAIAAAAA", "!"],
  host: ["", "a b", "x:99999999", "[::1"],
  authorization: ["Basic AAAA", "Bearer ", "Negotiate x".repeat(100)],
  cookie: ["a=b", ";".repeat(1000)],
  "x-long": ["x".repeat(10_000), "x".repeat(40_000)],
  "content-encoding": ["gzip", "br", "x"],
  te: ["trailers", "deflate"],
  trailer: ["digest"],
  "max-forwards": ["0"],
};

const QUERIES = [
  "n",
  "last",
  "digest",
  "mount",
  "from",
  "digest-algorithm",
  "artifactType",
  "tag",
  "_state",
  "connect",
  "message",
];

/** Makes up the next request. */
export function fuzzHttpRequest(random: Random, known: Known): FuzzedRequest {
  const method = random.chance(0.85) ? random.pick(METHODS) : noise(random, 6);
  const path = mutatePath(random, random.pick(paths(known))) + query(random, known);
  const body = random.bytes(random.pick([0, 0, 4, 4, 100, 5000]));
  const head = [
    `${method} ${path} HTTP/${random.chance(0.95) ? "1.1" : random.pick(["1.0", "2.0", "9.9", "x"])}`,
  ];
  if (random.chance(0.97)) head.push("Host: registry.test");
  if (random.chance(0.95)) head.push("Connection: close");
  if (body.length > 0 && random.chance(0.8)) head.push(`Content-Length: ${body.length}`);
  for (let count = random.pick([0, 0, 1, 1, 2, 5]); count > 0; count--) head.push(header(random));
  return {
    method,
    path,
    bytes: Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]),
  };
}

function paths({ repository, tag, blob, manifest, session }: Known): readonly string[] {
  const root = `/v2/${repository}`;
  return [
    "/v2/",
    "/v2",
    "/v2/_catalog",
    `${root}/tags/list`,
    `${root}/manifests/${tag}`,
    `${root}/manifests/${manifest}`,
    `${root}/blobs/${blob}`,
    `${root}/blobs/uploads/`,
    `${root}/referrers/${manifest}`,
    session,
    "/",
    "/v3/",
    "*",
    "http://other.test/v2/",
    "//v2/",
  ];
}

function mutatePath(random: Random, path: string): string {
  if (random.chance(0.4)) return path;
  const segments = path.split("/");
  const at = random.integer(0, segments.length - 1);
  const segment = segments[at] ?? "";
  const cut = random.integer(0, segment.length);
  const replacement = random.pick([
    () => random.pick(SEGMENTS),
    () => segment.slice(0, cut) + random.pick(ENCODINGS) + segment.slice(cut),
    () => segment.slice(0, cut),
    () => segment.toUpperCase(),
    () => `${segment}/${segment}`,
    () => noise(random, 8),
    () => segment.repeat(random.pick([2, 50, 500])),
  ])();
  segments[at] = replacement;
  return segments.join("/");
}

function query(random: Random, { blob, repository }: Known): string {
  if (random.chance(0.5)) return "";
  const values = [
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "x",
    "",
    "sha512",
    blob,
    repository,
    random.pick(ENCODINGS),
    "\x7f",
    "a".repeat(9000),
  ];
  const pair = () => `${random.pick(QUERIES)}${random.pick(["=", "", "=="])}${random.pick(values)}`;
  return `?${Array.from({ length: random.pick([1, 1, 2, 40]) }, pair).join(random.pick(["&", "&&", ";"]))}`;
}

function header(random: Random): string {
  if (random.chance(0.05)) return noise(random, 30);
  const name = random.pick(Object.keys(VALUES));
  const value = random.chance(0.9) ? random.pick(VALUES[name] ?? [""]) : noise(random, 20);
  return `${name}${random.pick([":", ": ", ": ", ": ", " : "])}${value}`;
}

/** Characters of all kinds, but for those that end a line. */
function noise(random: Random, length: number): string {
  return random
    .bytes(length)
    .toString("latin1")
    .replaceAll(/[\r\n]/g, "_");
}
