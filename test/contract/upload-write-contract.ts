// What every UploadStore promises of write, whether it ends well or not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks, thenFail, toArray } from "../support/byte-streams.ts";
import { CONTENT, ID, rangeInvalid, SHA256, type WithStore } from "./upload-store-body.ts";

export function writeTests(withStore: WithStore): void {
  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const chunkSize of [1, 100, 65_536, 262_144, 600_000]) {
      test(
        `chunks of ${chunkSize} bytes become a ${algorithm} blob`,
        withStore(async ({ uploads, blobs }) => {
          const content = chunkSize === 1 ? CONTENT.subarray(0, 3000) : CONTENT;
          const digest = digestOf(content, algorithm);
          assert.equal(await uploads.write(ID, { algorithm }, inChunks(content, chunkSize)), content.length);
          assert.equal(await uploads.commit(ID, digest), content.length);
          assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(content));
        }),
      );
    }
  }

  test(
    "several writes follow each other, with and without an offset",
    withStore(async ({ uploads, blobs }) => {
      assert.equal(await uploads.size(ID), 0);
      assert.equal(await uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 300_000), 7000)), 300_000);
      assert.equal(await uploads.size(ID), 300_000);
      await uploads.write(
        ID,
        { ...SHA256, offset: 300_000 },
        inChunks(CONTENT.subarray(300_000, 300_001), 10),
      );
      await uploads.write(ID, SHA256, inChunks(new Uint8Array(0), 10));
      await uploads.write(ID, { ...SHA256, offset: 300_001 }, inChunks(CONTENT.subarray(300_001), 65_536));
      assert.equal(await uploads.size(ID), CONTENT.length);
      await uploads.commit(ID, digestOf(CONTENT));
      assert.ok((await collect(blobs.read(digestOf(CONTENT), { offset: 0 }))).equals(CONTENT));
    }),
  );

  test(
    "a wrong offset is refused with the real one, and changes nothing",
    withStore(async ({ uploads }) => {
      const late = { ...SHA256, offset: 5 };
      await assert.rejects(uploads.write(ID, late, inChunks(CONTENT, 1000)), rangeInvalid("0"));
      assert.deepEqual(await toArray(uploads.list()), []);
      await uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 10), 10));
      for (const offset of [0, 5, 11]) {
        const options = { ...SHA256, offset };
        await assert.rejects(uploads.write(ID, options, inChunks(CONTENT, 1000)), rangeInvalid("10"));
      }
      assert.equal(await uploads.commit(ID, digestOf(CONTENT.subarray(0, 10))), 10);
    }),
  );

  test(
    "a write of the announced size is accepted",
    withStore(async ({ uploads }) => {
      assert.equal(
        await uploads.write(ID, { ...SHA256, size: 5000 }, inChunks(CONTENT.subarray(0, 5000), 999)),
        5000,
      );
      assert.equal(await uploads.write(ID, { ...SHA256, size: 0 }, inChunks(new Uint8Array(0), 1)), 5000);
    }),
  );
}

export function brokenWriteTests(withStore: WithStore): void {
  test(
    "fewer bytes than announced are kept, and refused",
    withStore(async ({ uploads }) => {
      const short = uploads.write(ID, { ...SHA256, size: 5001 }, inChunks(CONTENT.subarray(0, 5000), 999));
      await assert.rejects(short, { code: "SIZE_INVALID" });
      assert.equal(await uploads.size(ID), 5000);
      assert.equal(await uploads.commit(ID, digestOf(CONTENT.subarray(0, 5000))), 5000);
    }),
  );

  test(
    "of more bytes than announced only those are kept",
    withStore(async ({ uploads }) => {
      const long = uploads.write(ID, { ...SHA256, size: 5000 }, inChunks(CONTENT, 999));
      await assert.rejects(long, { code: "SIZE_INVALID" });
      assert.equal(await uploads.size(ID), 5000);
      assert.equal(await uploads.commit(ID, digestOf(CONTENT.subarray(0, 5000))), 5000);
    }),
  );

  test(
    "when the chunks throw, what came is kept and writing goes on",
    withStore(async ({ uploads }) => {
      const error = new Error("the connection was lost");
      const broken = uploads.write(ID, SHA256, thenFail(CONTENT.subarray(0, 300_500), error));
      await assert.rejects(broken, (thrown) => thrown === error);
      assert.equal(await uploads.size(ID), 300_500);
      await uploads.write(ID, { ...SHA256, offset: 300_500 }, inChunks(CONTENT.subarray(300_500), 65_536));
      assert.equal(await uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
    }),
  );

  test(
    "chunks that throw before the first byte leave nothing",
    withStore(async ({ uploads }) => {
      await assert.rejects(uploads.write(ID, SHA256, thenFail(new Uint8Array(0), new Error("lost"))), /lost/);
      assert.equal(await uploads.size(ID), 0);
      assert.deepEqual(await toArray(uploads.list()), []);
    }),
  );
}
