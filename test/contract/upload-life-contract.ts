// What every UploadStore promises of an upload's life: one hand at a time, discard, list, restart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks, thenFail, toArray } from "../support/byte-streams.ts";
import { CONTENT, ID, OTHER_ID, rangeInvalid, SHA256, type WithStore } from "./upload-store-body.ts";

const uploadHeld = { code: "BLOB_UPLOAD_INVALID", message: /since \d{4}-\d\d-\d\dT/ };

export function lockTests(withStore: WithStore): void {
  test(
    "while one writes, nobody else writes, commits or discards",
    withStore(async ({ uploads }) => {
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const writing = uploads.write(ID, SHA256, slowly(CONTENT.subarray(0, 10), begun, goOn.promise));
      await begun.promise;
      await assert.rejects(uploads.write(ID, SHA256, inChunks(CONTENT, 10)), uploadHeld);
      await assert.rejects(uploads.commit(ID, digestOf(CONTENT)), uploadHeld);
      await assert.rejects(uploads.discard(ID), uploadHeld);
      await assert.rejects(
        uploads.discardWhere(ID, () => assert.fail("asked")),
        uploadHeld,
      );
      assert.equal(await uploads.write(OTHER_ID, SHA256, inChunks(CONTENT.subarray(0, 5), 5)), 5);
      goOn.resolve();
      assert.equal(await writing, 10);
      assert.equal(await uploads.commit(ID, digestOf(CONTENT.subarray(0, 10))), 10);
    }),
  );

  test(
    "a writer whose chunks throw is not in the way any more",
    withStore(async ({ uploads }) => {
      await assert.rejects(
        uploads.write(ID, SHA256, thenFail(CONTENT.subarray(0, 10), new Error("lost"))),
        /lost/,
      );
      assert.equal(
        await uploads.write(ID, { ...SHA256, offset: 10 }, inChunks(CONTENT.subarray(0, 5), 5)),
        15,
      );
    }),
  );
}

export function lifeTests(withStore: WithStore): void {
  test(
    "discard drops the bytes, and nothing happens when there are none",
    withStore(async ({ uploads }) => {
      await uploads.discard(ID);
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      await uploads.discard(ID);
      await uploads.discard(ID);
      assert.equal(await uploads.size(ID), 0);
      assert.equal(
        await uploads.write(ID, { ...SHA256, offset: 0 }, inChunks(CONTENT.subarray(3), 65_536)),
        CONTENT.length - 3,
      );
      assert.equal(await uploads.commit(ID, digestOf(CONTENT.subarray(3))), CONTENT.length - 3);
    }),
  );

  test(
    "the last write is when bytes last came, and now while a writer waits for more",
    withStore(async ({ uploads }) => {
      assert.equal(await uploads.lastWrite(ID), undefined);
      const start = Date.now();
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      const first = await uploads.lastWrite(ID);
      assert.ok(first !== undefined && isBetween(start, first, Date.now()), `${start} ${first}`);
      await wait(50);
      assert.equal(await uploads.lastWrite(ID), first, "time alone changes nothing");
      await uploads.write(ID, SHA256, inChunks(new Uint8Array(0), 1));
      await assert.rejects(uploads.write(ID, { ...SHA256, offset: 1 }, inChunks(CONTENT, 1)));
      await assert.rejects(uploads.commit(ID, digestOf(Buffer.from("other"))));
      assert.equal(await uploads.lastWrite(ID), first, "nothing was written");
      const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const writing = uploads.write(ID, SHA256, slowly(CONTENT.subarray(0, 10), begun, goOn.promise));
      await begun.promise;
      const meanwhile = await uploads.lastWrite(ID);
      assert.ok(meanwhile !== undefined && meanwhile >= first + 50, `${first} ${meanwhile}`);
      goOn.resolve();
      await writing;
      const second = await uploads.lastWrite(ID);
      assert.ok(second !== undefined && isBetween(first + 40, second, Date.now()), `${first} ${second}`);
      assert.equal(await uploads.lastWrite(OTHER_ID), undefined);
      await uploads.discard(ID);
      assert.equal(await uploads.lastWrite(ID), undefined);
    }),
  );

  test(
    "bytes are dropped where somebody says so, and nobody writes while they think",
    withStore(async ({ uploads }) => {
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      const lastWrite = await uploads.lastWrite(ID);
      assert.equal(await uploads.discardWhere(ID, () => false), false);
      await assert.rejects(
        uploads.discardWhere(ID, () => Promise.reject(new Error("no answer"))),
        /no answer/,
      );
      assert.equal(await uploads.size(ID), CONTENT.length);
      const isDropped = await uploads.discardWhere(ID, async (told) => {
        assert.equal(told, lastWrite);
        await assert.rejects(uploads.write(ID, SHA256, inChunks(CONTENT, 65_536)), uploadHeld);
        return true;
      });
      assert.deepEqual([isDropped, await uploads.size(ID)], [true, 0]);
      assert.deepEqual(await toArray(uploads.list()), []);
      uploads.begin(OTHER_ID);
      const told: (number | undefined)[] = [];
      await uploads.discardWhere(OTHER_ID, (time) => told.push(time) > 0);
      assert.deepEqual(told, [undefined]);
    }),
  );

  test(
    "list names the uploads that have bytes",
    withStore(async ({ uploads }) => {
      assert.deepEqual(await toArray(uploads.list()), []);
      await uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      await uploads.write(OTHER_ID, SHA256, inChunks(CONTENT, 65_536));
      await uploads.write("empty", SHA256, inChunks(new Uint8Array(0), 1));
      assert.deepEqual((await toArray(uploads.list())).sort(), [ID, OTHER_ID]);
      await uploads.discard(ID);
      assert.deepEqual(await toArray(uploads.list()), [OTHER_ID]);
    }),
  );

  test(
    "an id that is not one is refused everywhere",
    withStore(async ({ uploads }) => {
      const ids = [
        "",
        ".",
        "..",
        "../tmp",
        "a/b",
        "/etc/passwd",
        "a\0b",
        "a\\b",
        "A",
        "-a",
        "é",
        "a".repeat(65),
      ];
      for (const id of ids) {
        const refused = { name: "Error", message: /^upload id / };
        await assert.rejects(uploads.size(id), refused);
        await assert.rejects(uploads.write(id, SHA256, inChunks(CONTENT, 65_536)), refused);
        await assert.rejects(uploads.commit(id, digestOf(CONTENT)), refused);
        await assert.rejects(uploads.discard(id), refused);
        await assert.rejects(uploads.lastWrite(id), refused);
        await assert.rejects(
          uploads.discardWhere(id, () => true),
          refused,
        );
      }
      assert.deepEqual(await toArray(uploads.list()), []);
    }),
  );
}

export function restartTests(withStore: WithStore, skip: string | false): void {
  test(
    "after a restart uploads continue exactly where they were",
    { skip },
    withStore(async (store) => {
      assert.ok(store.reopen);
      await store.uploads.write(ID, SHA256, inChunks(CONTENT.subarray(0, 300_001), 5000));
      const lastWrite = await store.uploads.lastWrite(ID);
      await wait(20);
      const { uploads, blobs } = await store.reopen();
      assert.equal(await uploads.size(ID), 300_001);
      assert.equal(await uploads.lastWrite(ID), lastWrite);
      assert.deepEqual(await toArray(uploads.list()), [ID]);
      const rest = inChunks(CONTENT.subarray(300_001), 65_536);
      await assert.rejects(uploads.write(ID, { ...SHA256, offset: 0 }, rest), rangeInvalid("300001"));
      await uploads.write(ID, { ...SHA256, offset: 300_001 }, rest);
      await uploads.commit(ID, digestOf(CONTENT));
      assert.ok((await collect(blobs.read(digestOf(CONTENT), { offset: 0 }))).equals(CONTENT));
    }),
  );

  test(
    "after a restart a commit can be made, or made again",
    { skip },
    withStore(async (store) => {
      assert.ok(store.reopen);
      await store.uploads.write(ID, SHA256, inChunks(CONTENT, 65_536));
      const second = await store.reopen();
      assert.equal(await second.uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
      const third = (await second.reopen?.()) ?? second;
      assert.equal(await third.uploads.commit(ID, digestOf(CONTENT)), CONTENT.length);
      await third.uploads.discard(ID);
      assert.ok((await collect(third.blobs.read(digestOf(CONTENT), { offset: 0 }))).equals(CONTENT));
    }),
  );
}

/** The disk's clock may be some milliseconds behind. */
function isBetween(start: number, time: number, end: number): boolean {
  return start - 10 <= time && time <= end;
}

/** Tells when the first half has been taken, and waits before the second. */
async function* slowly(bytes: Uint8Array, begun: PromiseWithResolvers<void>, goOn: Promise<void>) {
  const half = bytes.length / 2;
  yield bytes.subarray(0, half);
  begun.resolve();
  await goOn;
  yield bytes.subarray(half);
}
