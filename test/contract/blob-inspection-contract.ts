// What every BlobStore promises to those who check and mend it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BlobStore } from "../../src/blobs/blob-store.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, someBytes, toArray } from "../support/byte-streams.ts";
import type { BlobStoreBody } from "./blob-store-contract.ts";

const SMALL = someBytes(1000);
const LARGE = someBytes(1_000_003);

export function blobInspectionContract(body: BlobStoreBody): void {
  const withBlobs = (work: (blobs: BlobStore) => Promise<void>) => async () => {
    const { blobs, close } = await body.open();
    try {
      await work(blobs);
    } finally {
      await close();
    }
  };

  describe(`${body.name} keeps the promises of blob inspection`, { timeout: 60_000 }, () => {
    test(
      "what lies there can be described and read, also when it was read before",
      withBlobs(async (blobs) => {
        for (const content of [SMALL, LARGE, new Uint8Array(0)]) {
          const digest = digestOf(content);
          assert.equal(await blobs.inspect(digest), undefined);
          await blobs.put(digest, content);
          await collect(blobs.read(digest, { offset: 0 }));
          assert.equal((await blobs.inspect(digest))?.size, content.length);
          assert.ok((await collect(blobs.readStored(digest))).equals(content));
        }
      }),
    );

    test(
      "the version stays with the bytes and goes with them",
      withBlobs(async (blobs) => {
        const digest = digestOf(SMALL);
        await blobs.put(digest, SMALL);
        const first = await blobs.inspect(digest);
        await collect(blobs.readStored(digest));
        assert.equal((await blobs.inspect(digest))?.version, first?.version);
        await blobs.quarantine(digest);
        await blobs.put(digest, SMALL);
        assert.notEqual((await blobs.inspect(digest))?.version, first?.version);
      }),
    );

    test(
      "a blob in quarantine is as if it had been deleted, also after it was read",
      withBlobs(async (blobs) => {
        for (const content of [SMALL, LARGE]) {
          const digest = digestOf(content);
          await blobs.put(digest, content);
          await collect(blobs.read(digest, { offset: 0 }));
          assert.equal(await blobs.quarantine(digest), true);
          assert.equal(await blobs.stat(digest), undefined);
          assert.equal(await blobs.inspect(digest), undefined);
          assert.equal(await blobs.get(digest), undefined);
          await assert.rejects(collect(blobs.read(digest, { offset: 0 })), { code: "BLOB_UNKNOWN" });
          await assert.rejects(collect(blobs.readStored(digest)), { code: "BLOB_UNKNOWN" });
          assert.equal(await blobs.quarantine(digest), false);
        }
        assert.deepEqual(await toArray(blobs.list()), []);
        assert.deepEqual(await toArray(blobs.strays()), []);
      }),
    );

    test(
      "what is in quarantine can be put again, and put aside again",
      withBlobs(async (blobs) => {
        const digest = digestOf(SMALL);
        for (let round = 0; round < 2; round++) {
          await blobs.put(digest, SMALL);
          assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(SMALL));
          assert.equal(await blobs.quarantine(digest), true);
        }
      }),
    );

    test(
      "reading what lies there ends with its signal",
      withBlobs(async (blobs) => {
        const digest = digestOf(LARGE);
        await blobs.put(digest, LARGE);
        const signal = AbortSignal.abort(new Error("enough"));
        await assert.rejects(collect(blobs.readStored(digest, signal)), { message: "enough" });
      }),
    );
  });
}
