// BlobService over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { digestOf } from "../../../src/oci/digest.ts";
import { type Clients, pushBlob, rejects, type ServiceSuite, utf8, withRegistry } from "./harness.ts";

const content = utf8("0123456789");
const digest = digestOf(content);

async function read(
  clients: Clients,
  range: { offset?: bigint; limit?: bigint } = {},
  name: string = digest,
) {
  let size: bigint | undefined;
  const chunks: Uint8Array[] = [];
  for await (const { part } of clients.blobs.readBlob({ repository: "a/b", digest: name, ...range })) {
    if (part.case === "descriptor") {
      assert.equal(size, undefined, "the descriptor comes once, first");
      size = part.value.size;
    } else if (part.case === "chunk") chunks.push(Uint8Array.from(part.value));
  }
  return { size, text: Buffer.concat(chunks).toString() };
}

export function blobTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run));

  check("a blob that was pushed is described and read, whole and in part", async (clients) => {
    await pushBlob(clients, "a/b", content);
    const { descriptor } = await clients.blobs.statBlob({ repository: "a/b", digest });
    assert.deepEqual([descriptor?.digest, descriptor?.size], [digest, 10n]);
    assert.deepEqual(await read(clients), { size: 10n, text: "0123456789" });
    assert.deepEqual(await read(clients, { offset: 3n, limit: 4n }), { size: 10n, text: "3456" });
    assert.deepEqual(await read(clients, { offset: 8n, limit: 100n }), { size: 10n, text: "89" });
    assert.deepEqual(await read(clients, { offset: 10n }), { size: 10n, text: "" });
    assert.deepEqual(await read(clients, { limit: 0n }), { size: 10n, text: "" });
  });

  check("an empty blob and a large one come back as they were", async (clients) => {
    const empty = new Uint8Array(0);
    await pushBlob(clients, "a/b", empty);
    assert.deepEqual(await read(clients, {}, digestOf(empty)), { size: 0n, text: "" });
    const large = new Uint8Array(3_000_000).map((_, index) => 32 + (index % 90));
    await pushBlob(clients, "a/b", large);
    const back = await read(clients, {}, digestOf(large));
    assert.equal(digestOf(utf8(back.text)), digestOf(large));
  });

  check("sha512 is a name of its own", async (clients) => {
    const name = await pushBlob(clients, "a/b", content, "sha512");
    assert.deepEqual(await read(clients, {}, name), { size: 10n, text: "0123456789" });
    await rejects(clients.blobs.statBlob({ repository: "a/b", digest }), Code.NotFound, "BLOB_UNKNOWN");
  });

  check("an offset behind the end, a bad digest and a bad name are told apart", async (clients) => {
    await pushBlob(clients, "a/b", content);
    const [facts] = await rejects(read(clients, { offset: 11n }), Code.OutOfRange, "RANGE_INVALID");
    assert.equal(facts?.size, "10");
    await rejects(read(clients, { offset: -1n }), Code.OutOfRange, "RANGE_INVALID");
    await rejects(read(clients, {}, "sha256:x"), Code.InvalidArgument, "DIGEST_INVALID");
    await rejects(clients.blobs.statBlob({ repository: "A", digest }), Code.InvalidArgument, "NAME_INVALID");
    await rejects(read(clients, {}, digestOf(utf8("other"))), Code.NotFound, "BLOB_UNKNOWN");
  });

  check("a blob is seen only where it is linked, and can be mounted", async (clients) => {
    await pushBlob(clients, "a/b", content);
    await rejects(clients.blobs.statBlob({ repository: "c", digest }), Code.NotFound, "BLOB_UNKNOWN");
    const nowhere = clients.blobs.mountBlob({ repository: "c", digest, fromRepository: "x" });
    await rejects(nowhere, Code.NotFound, "BLOB_UNKNOWN");
    for (const fromRepository of ["a/b", undefined])
      await clients.blobs.mountBlob({ repository: "c", digest, ...(fromRepository && { fromRepository }) });
    await clients.blobs.mountBlob({ repository: "d", digest });
    assert.equal((await clients.blobs.statBlob({ repository: "d", digest })).descriptor?.size, 10n);
    const unheard = clients.blobs.mountBlob({ repository: "c", digest: digestOf(utf8("?")) });
    await rejects(unheard, Code.NotFound, "BLOB_UNKNOWN");
  });

  check("deleting removes this repository's link only", async (clients) => {
    await pushBlob(clients, "a/b", content);
    await clients.blobs.mountBlob({ repository: "c", digest, fromRepository: "a/b" });
    await clients.blobs.deleteBlob({ repository: "a/b", digest });
    await rejects(clients.blobs.statBlob({ repository: "a/b", digest }), Code.NotFound, "BLOB_UNKNOWN");
    await rejects(clients.blobs.deleteBlob({ repository: "a/b", digest }), Code.NotFound, "BLOB_UNKNOWN");
    assert.equal((await clients.blobs.statBlob({ repository: "c", digest })).descriptor?.size, 10n);
  });

  check("a reader that leaves ends the call", async (clients) => {
    const large = new Uint8Array(8_000_000);
    const name = await pushBlob(clients, "a/b", large);
    const leave = new AbortController();
    const stream = clients.blobs.readBlob({ repository: "a/b", digest: name }, { signal: leave.signal });
    await assert.rejects(async () => {
      for await (const { part } of stream) if (part.case === "chunk") leave.abort();
    });
  });
}
