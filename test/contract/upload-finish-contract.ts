// What every UploadStore promises of finish: write and commit, in one step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks } from "../support/byte-streams.ts";
import { CONTENT, ID, rangeInvalid, SHA256, type WithStore } from "./upload-store-body.ts";

const SMALL = CONTENT.subarray(0, 1000);

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error("the source broke");
}

export function finishTests(withStore: WithStore): void {
  for (const known of [true, false])
    for (const content of [
      new Uint8Array(0),
      SMALL,
      CONTENT.subarray(0, 65_536),
      CONTENT.subarray(0, 65_537),
      CONTENT,
    ])
      test(
        `${content.length} bytes of ${known ? "a new" : "an"} upload are finished under either algorithm`,
        withStore(async ({ uploads, blobs }) => {
          for (const algorithm of ["sha256", "sha512"] as const) {
            if (known) uploads.begin(ID);
            const digest = digestOf(content, algorithm);
            const { size } = await uploads.finish(ID, SHA256, digest, inChunks(content, 5000));
            await uploads.discard(ID);
            assert.equal(size, content.length);
            assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(content));
            assert.equal(await uploads.size(ID), 0);
          }
        }),
      );

  test(
    "bytes written before belong to what is finished",
    withStore(async ({ uploads, blobs }) => {
      uploads.begin(ID);
      await uploads.write(ID, SHA256, inChunks(SMALL.subarray(0, 400), 100));
      const digest = digestOf(SMALL);
      const rest = inChunks(SMALL.subarray(400), 100);
      assert.equal((await uploads.finish(ID, { ...SHA256, offset: 400 }, digest, rest)).size, 1000);
      assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(SMALL));
    }),
  );

  test(
    "a wrong digest, size or offset and a broken source leave what came, and no blob",
    withStore(async ({ uploads, blobs }) => {
      uploads.begin(ID);
      const digest = digestOf(SMALL);
      const early = uploads.finish(ID, { ...SHA256, offset: 7 }, digest, inChunks(SMALL, 100));
      await assert.rejects(early, rangeInvalid("0"));
      await assert.rejects(uploads.finish(ID, SHA256, digest, failing(SMALL.subarray(0, 400))), /broke/);
      assert.equal(await uploads.size(ID), 400);
      const short = uploads.finish(
        ID,
        { ...SHA256, size: 500 },
        digest,
        inChunks(SMALL.subarray(400, 600), 100),
      );
      await assert.rejects(short, { code: "SIZE_INVALID" });
      assert.equal(await uploads.size(ID), 600);
      const wrong = uploads.finish(ID, SHA256, digestOf(CONTENT), inChunks(SMALL.subarray(600), 100));
      await assert.rejects(wrong, { code: "DIGEST_INVALID" });
      assert.equal(await uploads.size(ID), 1000);
      assert.equal(await blobs.stat(digest), undefined);
      assert.equal(await uploads.commit(ID, digest), 1000);
    }),
  );

  test(
    "a new upload with a wrong digest keeps its bytes",
    withStore(async ({ uploads }) => {
      uploads.begin(ID);
      const wrong = uploads.finish(ID, SHA256, digestOf(CONTENT), inChunks(SMALL, 100));
      await assert.rejects(wrong, { code: "DIGEST_INVALID" });
      assert.equal(await uploads.size(ID), 1000);
      assert.equal(await uploads.commit(ID, digestOf(SMALL)), 1000);
    }),
  );

  test(
    "many small contents are finished at once, the same one twice too",
    withStore(async ({ uploads, blobs }) => {
      const contents = Array.from({ length: 40 }, (_, index) => Buffer.from(`content ${index % 30}`));
      await Promise.all(
        contents.map(async (content, index) => {
          const id = `0198c5a2-7f3e-7aaa-8000-0000000001${String(index).padStart(2, "0")}`;
          uploads.begin(id);
          await uploads.finish(id, SHA256, digestOf(content), inChunks(content, 100));
        }),
      );
      for (const content of contents)
        assert.ok((await collect(blobs.read(digestOf(content), { offset: 0 }))).equals(content));
    }),
  );
}
