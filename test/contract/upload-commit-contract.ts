// What every UploadStore promises of commit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks, toArray } from "../support/byte-streams.ts";
import { CONTENT, ID, SHA256, type WithStore } from "./upload-store-body.ts";

export function commitTests(withStore: WithStore): void {
  test(
    "a wrong digest is refused and the upload can still be used",
    withStore(async ({ uploads, blobs }) => {
      await uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 1000), 100));
      for (const algorithm of ["sha256", "sha512"] as const) {
        const wrong = digestOf(CONTENT, algorithm);
        await assert.rejects(uploads.commit(ID, wrong), { code: "DIGEST_INVALID" });
        assert.equal(await blobs.stat(wrong), undefined);
      }
      assert.equal(await uploads.size(ID), 1000);
      await uploads.write(ID, { ...SHA256, offset: 1000 }, inChunks(CONTENT.subarray(1000), 65_536));
      assert.equal(await uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
    }),
  );

  test(
    "a commit may be repeated until the upload is discarded",
    withStore(async ({ uploads, blobs }) => {
      const digest = digestOf(CONTENT);
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      assert.equal(await uploads.commit(ID, digest), CONTENT.length);
      assert.equal(await uploads.commit(ID, digest), CONTENT.length);
      assert.equal(await uploads.size(ID), CONTENT.length);
      await uploads.discard(ID);
      assert.equal(await uploads.size(ID), 0);
      assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(CONTENT));
    }),
  );

  test(
    "the same bytes are another blob under the other algorithm",
    withStore(async ({ uploads, blobs }) => {
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      for (const algorithm of ["sha512", "sha256"] as const) {
        const digest = digestOf(CONTENT, algorithm);
        assert.equal(await uploads.commit(ID, digest), CONTENT.length);
        assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(CONTENT));
      }
    }),
  );

  test(
    "writing on after a commit does not change the blob",
    withStore(async ({ uploads, blobs }) => {
      const [first, whole] = [digestOf(CONTENT.subarray(0, 400_000)), digestOf(CONTENT)];
      await uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 400_000), 65_536));
      await uploads.commit(ID, first);
      await uploads.write(ID, { ...SHA256, offset: 400_000 }, inChunks(CONTENT.subarray(400_000), 65_536));
      assert.ok((await collect(blobs.read(first, { offset: 0 }))).equals(CONTENT.subarray(0, 400_000)));
      await uploads.commit(ID, whole);
      assert.ok((await collect(blobs.read(whole, { offset: 0 }))).equals(CONTENT));
      assert.ok((await collect(blobs.read(first, { offset: 0 }))).equals(CONTENT.subarray(0, 400_000)));
    }),
  );

  test(
    "an upload without bytes becomes the empty blob",
    withStore(async ({ uploads, blobs }) => {
      const empty = digestOf(new Uint8Array(0));
      await assert.rejects(uploads.commit(ID, digestOf(CONTENT)), { code: "DIGEST_INVALID" });
      assert.equal(await uploads.commit(ID, empty), 0);
      assert.equal(await blobs.stat(empty), 0);
      assert.ok((await collect(blobs.read(empty, { offset: 0 }))).equals(Buffer.alloc(0)));
    }),
  );

  test(
    "two uploads of the same blob may be committed at once",
    withStore(async ({ uploads, blobs }) => {
      const digest = digestOf(CONTENT);
      const ids = Array.from({ length: 8 }, (_, index) => `upload-${index}`);
      await Promise.all(ids.map((id) => uploads.write(id, SHA256, inChunks(CONTENT, 65_536))));
      const sizes = await Promise.all(ids.map((id) => uploads.commit(id, digest)));
      assert.deepEqual(
        sizes,
        ids.map(() => CONTENT.length),
      );
      await Promise.all(ids.map((id) => uploads.discard(id)));
      assert.deepEqual(await toArray(blobs.list()), [{ digest, size: CONTENT.length }]);
      assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(CONTENT));
    }),
  );
}
