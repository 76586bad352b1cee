// Calls of RPCs with bodies and headers that are nearly right, or not at all.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ManifestService } from "../../src/gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../../src/gen/stowage/v1/usage_service_pb.ts";
import type { Random } from "../support/random.ts";

/** A call as it goes over the wire, less the lines that HTTP/1.1 and HTTP/2 write differently. */
export interface FuzzedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** True: a right call would be answered without an end. */
  readonly endless: boolean;
}

const SERVICES: readonly DescService[] = [
  BlobService,
  EventService,
  ManifestService,
  UploadService,
  UsageService,
];
const METHODS: readonly DescMethod[] = SERVICES.flatMap((service) => service.methods);

const TYPES = [
  "application/proto",
  "application/json",
  "application/connect+proto",
  "application/connect+json",
  "application/grpc",
  "application/grpc+proto",
  "application/grpc+json",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "text/plain",
  "application/x",
  "",
];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "connect-protocol-version": ["1", "2", "x"],
  "connect-timeout-ms": ["1000", "0", "-1", "x", "99999999999999"],
  "grpc-timeout": ["1S", "0n", "x", "99999999H", "-1S"],
  "content-encoding": ["gzip", "br", "identity", "x"],
  "connect-content-encoding": ["gzip", "br", "x"],
  "grpc-encoding": ["gzip", "br", "x"],
  "grpc-accept-encoding": ["gzip", "x"],
  te: ["trailers"],
  accept: ["*/*", "application/x"],
};

const TEXTS = [
  "",
  "fuzz/base",
  "latest",
  "sha256:00",
  "../x",
  "A",
  "\u0000",
  "ä",
  "x".repeat(5000),
  "0",
  "-1",
];

/** Makes up the next call. */
export function fuzzCall(random: Random): FuzzedCall {
  const rpc = random.pick(METHODS);
  const path = `/${rpc.parent.typeName}/${random.chance(0.95) ? rpc.name : random.pick(["", "X", `${rpc.name}/x`, "%00"])}`;
  const type = random.pick(TYPES);
  const method = random.chance(0.85) ? "POST" : random.pick(["GET", "PUT", "DELETE", "HEAD", "OPTIONS"]);
  const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
  for (let count = random.pick([0, 1, 1, 2, 3]); count > 0; count--) {
    const name = random.pick(Object.keys(HEADERS));
    headers[name] = random.pick(HEADERS[name] ?? [""]);
  }
  const body = bodyFor(random, type);
  const question = method === "GET" ? query(random, body) : "";
  return {
    method,
    path: path + question,
    headers,
    body: method === "GET" ? Buffer.alloc(0) : body,
    endless: rpc.name === "Subscribe",
  };
}

function query(random: Random, body: Buffer): string {
  const encoding = random.pick(["proto", "json", "x"]);
  const message = random
    .pick([body.toString("base64url"), encodeURIComponent(body.toString("latin1")), "%"])
    .slice(0, 4000);
  return `?connect=${random.pick(["v1", "v2", ""])}&encoding=${encoding}&base64=${random.pick(["1", "0"])}&message=${message}`;
}

function bodyFor(random: Random, type: string): Buffer {
  if (random.chance(0.15)) return random.bytes(random.integer(0, 200));
  const message = type.endsWith("json") ? jsonMessage(random) : binaryMessage(random, 3);
  const isStream = /connect|grpc/.test(type);
  if (!isStream) return message;
  return Buffer.concat(
    Array.from({ length: random.pick([0, 1, 1, 1, 2, 5]) }, () => envelope(random, message)),
  );
}

/** One byte of flags and four of length, now and then not those of what follows. */
function envelope(random: Random, message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = random.chance(0.7) ? 0 : random.pick([1, 2, 3, 0x80, 0xff]);
  const lie = random.pick([
    0,
    message.length + 1,
    Math.max(0, message.length - 1),
    0xffffffff,
    0x7fffffff,
    100_000_000,
  ]);
  head.writeUInt32BE(random.chance(0.75) ? message.length : lie, 1);
  return Buffer.concat([
    head,
    random.chance(0.9) ? message : message.subarray(0, random.integer(0, message.length)),
  ]);
}

/** Fields with small numbers, as our messages have them, of any type. */
function binaryMessage(random: Random, depth: number): Buffer {
  const fields = Array.from({ length: random.integer(0, 4) }, () => {
    const number = random.integer(random.chance(0.1) ? 0 : 1, 6);
    const wireType = random.chance(0.7) ? 2 : random.pick([0, 1, 3, 4, 5, 6, 7]);
    return Buffer.concat([Buffer.from([number * 8 + wireType]), fieldValue(random, wireType, depth)]);
  });
  return Buffer.concat(fields);
}

function fieldValue(random: Random, wireType: number, depth: number): Buffer {
  if (wireType === 0)
    return Buffer.from(
      random.pick([[0], [1], [0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x80]]),
    );
  if (wireType !== 2) return random.bytes(random.pick([4, 8]));
  const content =
    depth > 0 && random.chance(0.3) ? binaryMessage(random, depth - 1) : Buffer.from(random.pick(TEXTS));
  return Buffer.concat([varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function jsonMessage(random: Random): Buffer {
  const names = [
    "repository",
    "digest",
    "uploadId",
    "reference",
    "tag",
    "pageSize",
    "pageToken",
    "afterCursor",
    "filter",
    "start",
    "content",
  ];
  const values = [...TEXTS, 1, -1, 1e30, null, [], {}, { tag: "x" }, { kinds: ["x"] }, [[1]]];
  const entries = Array.from(
    { length: random.integer(0, 4) },
    () => [random.pick(names), random.pick(values)] as const,
  );
  const text = JSON.stringify(Object.fromEntries(entries));
  return Buffer.from(
    random.chance(0.8)
      ? text
      : text.slice(0, random.integer(0, text.length)) + random.pick(["", "[".repeat(3000), "\u0000"]),
  );
}
