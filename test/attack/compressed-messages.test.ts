// Messages that are small on the line and huge when unpacked: refused before they are
// unpacked, with memory that stays where it was. And messages that are huge as they are.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { after, before, suite, test } from "node:test";
import { createBrotliCompress, createGzip } from "node:zlib";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const MEBIBYTE = 1024 * 1024;
const BOMB_SIZE = 1024 * MEBIBYTE;
/** What a refusal may cost: far below the bomb's size. */
const ALLOWED = 200 * MEBIBYTE;
const PATH = `/${EventService.typeName}/ListEvents`;

async function compress(kind: "gzip" | "br"): Promise<Buffer> {
  const zeros = Buffer.alloc(MEBIBYTE);
  const source = Readable.from(
    (function* () {
      for (let sent = 0; sent < BOMB_SIZE; sent += zeros.length) yield zeros;
    })(),
  );
  const chunks: Buffer[] = [];
  const packer = kind === "gzip" ? createGzip() : createBrotliCompress({ params: { 1: 1 } });
  packer.on("data", (chunk) => chunks.push(chunk));
  await pipeline(source, packer);
  return Buffer.concat(chunks);
}

function enveloped(flags: number, message: Uint8Array, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

suite("a message", () => {
  let directory: string;
  let registry: LocalRegistry;
  const bombs = new Map<string, Buffer>();

  before(async () => {
    directory = await makeTemporaryDirectory();
    registry = await LocalRegistry.start({ directory });
    for (const kind of ["gzip", "br"] as const) bombs.set(kind, await compress(kind));
  });
  after(async () => {
    await registry.stop();
    await removeTemporaryDirectory(directory);
  });

  async function assertSmall(work: () => Promise<void>): Promise<void> {
    const { peak: before } = await registry.memory();
    await work();
    const { peak: now } = await registry.memory();
    assert.ok(now - before < ALLOWED, `the registry grew by ${(now - before) / MEBIBYTE} MiB`);
    assert.equal((await fetch(`${registry.url}/v2/`)).status, 200);
  }

  function post(type: string, headers: Record<string, string>, body: Buffer): Promise<Response> {
    return fetch(registry.url + PATH, {
      method: "POST",
      headers: { "content-type": type, ...headers },
      body: new Uint8Array(body),
    });
  }

  /** The status of gRPC, which comes at the end. */
  async function grpcStatus(encoding: string, body: Buffer): Promise<string> {
    const session = connectHttp2(registry.url);
    const headers = { ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" };
    const stream = session.request({ ...headers, "grpc-encoding": encoding });
    stream.on("error", () => undefined).resume();
    let status = "";
    stream.on("response", (head) => (status = String(head["grpc-status"] ?? status)));
    stream.on("trailers", (trailers) => (status = String(trailers["grpc-status"] ?? status)));
    stream.end(body);
    await once(stream, "close");
    session.close();
    return status;
  }

  for (const kind of ["gzip", "br"] as const) {
    test(`of 1 GiB in ${kind} is refused over Connect`, () =>
      assertSmall(async () => {
        const bomb = bombs.get(kind) ?? Buffer.alloc(0);
        assert.ok(bomb.length > 0 && bomb.length < 2 * MEBIBYTE, `${bomb.length}`);
        const answer = await post("application/proto", { "content-encoding": kind }, bomb);
        assert.equal(answer.status, 429);
        assert.match(await answer.text(), /resource_exhausted/);
      }));

    test(`of 1 GiB in ${kind} is refused over gRPC and gRPC-Web`, () =>
      assertSmall(async () => {
        const body = enveloped(1, bombs.get(kind) ?? Buffer.alloc(0));
        assert.equal(await grpcStatus(kind, body), "8");
        const answer = await post("application/grpc-web+proto", { "grpc-encoding": kind }, body);
        const trailer = await answer.text();
        assert.match(answer.headers.get("grpc-status") ?? trailer, /^8$|grpc-status: 8/);
      }));
  }

  test("that says it has 4 GiB is refused by its first bytes", () =>
    assertSmall(async () => {
      assert.equal(await grpcStatus("identity", enveloped(0, new Uint8Array(10), 0xffff_ffff)), "8");
    }));

  test("that is too long as it is is refused", () =>
    assertSmall(async () => {
      const answer = await post("application/proto", {}, Buffer.alloc(8 * MEBIBYTE));
      assert.equal(answer.status, 429);
      assert.equal(await grpcStatus("identity", enveloped(0, Buffer.alloc(8 * MEBIBYTE))), "8");
    }));

  test("of the Docker API that is too long is refused: a manifest, a URL, a head", () =>
    assertSmall(async () => {
      const put = {
        method: "PUT",
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
      };
      const manifest = await fetch(`${registry.url}/v2/a/manifests/b`, {
        ...put,
        body: new Uint8Array(8 * MEBIBYTE),
      });
      assert.equal(manifest.status, 413);
      assert.equal((await fetch(`${registry.url}/v2/${"a".repeat(9000)}/tags/list`)).status, 414);
      const headers = { "x-long": "a".repeat(64 * 1024) };
      assert.equal((await fetch(`${registry.url}/v2/`, { headers })).status, 431);
    }));
});
