// What every BlobStore promises. A body's test file calls this with a way to open one.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { BlobStore } from "../../src/blobs/blob-store.ts";
import { type Digest, type DigestAlgorithm, digestOf } from "../../src/oci/digest.ts";
import { collect, someBytes, toArray } from "../support/byte-streams.ts";

export interface OpenBlobStore {
  readonly blobs: BlobStore;
  /** The blob files that the process has open. Absent where blobs are not files. */
  readonly openFiles?: () => Promise<readonly string[]>;
  /** Closes the store and removes what it kept. */
  close(): Promise<void>;
}

export interface BlobStoreBody {
  readonly name: string;
  open(): Promise<OpenBlobStore>;
}

const SMALL = someBytes(1000);
const LARGE = someBytes(1_000_003);

export function blobStoreContract(body: BlobStoreBody): void {
  const withStore: WithStore = (work) => async (context) => {
    const store = await body.open();
    try {
      await work(store, context.signal);
    } finally {
      await store.close();
    }
  };

  describe(`${body.name} keeps the promises of a blob store`, { timeout: 60_000 }, () => {
    for (const algorithm of ["sha256", "sha512"] as const) {
      test(
        `what was put under ${algorithm} can be described, read and got`,
        withStore(async ({ blobs }) => {
          for (const content of [SMALL, LARGE, new Uint8Array(0)]) {
            const digest = await put(blobs, content, algorithm);
            assert.equal(await blobs.stat(digest), content.length);
            assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(content));
            assert.ok(Buffer.from((await blobs.get(digest)) ?? "none").equals(content));
          }
        }),
      );
    }

    for (const content of [SMALL, LARGE]) rangeTests(content, withStore);

    test(
      "a blob that is not here is unknown",
      withStore(async ({ blobs }) => {
        const digest = digestOf(SMALL);
        assert.equal(await blobs.stat(digest), undefined);
        assert.equal(await blobs.get(digest), undefined);
        await assert.rejects(collect(blobs.read(digest, { offset: 0 })), { code: "BLOB_UNKNOWN" });
        assert.equal(await blobs.delete(digest), false);
      }),
    );

    test(
      "putting the same content again changes nothing, also at the same time",
      withStore(async ({ blobs }) => {
        const digest = digestOf(LARGE);
        await Promise.all([blobs.put(digest, LARGE), blobs.put(digest, LARGE), blobs.put(digest, LARGE)]);
        await blobs.put(digest, LARGE);
        assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(LARGE));
        assert.deepEqual(await toArray(blobs.list()), [{ digest, size: LARGE.length }]);
      }),
    );

    test(
      "the bytes that get gives belong to the caller",
      withStore(async ({ blobs }) => {
        const digest = await put(blobs, SMALL);
        await collect(blobs.read(digest, { offset: 0 }));
        for (let round = 0; round < 2; round += 1) (await blobs.get(digest))?.fill(0);
        assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(SMALL));
      }),
    );

    test(
      "the content that was put may be changed afterwards",
      withStore(async ({ blobs }) => {
        const content = Buffer.from(SMALL);
        const digest = await put(blobs, content);
        content.fill(0);
        assert.ok((await collect(blobs.read(digest, { offset: 0 }))).equals(SMALL));
      }),
    );

    test(
      "a deleted blob is gone at once, also after it was read",
      withStore(async ({ blobs }) => {
        const digest = await put(blobs, SMALL);
        await collect(blobs.read(digest, { offset: 0 }));
        assert.equal(await blobs.delete(digest), true);
        assert.equal(await blobs.stat(digest), undefined);
        assert.equal(await blobs.get(digest), undefined);
        await assert.rejects(collect(blobs.read(digest, { offset: 0 })), { code: "BLOB_UNKNOWN" });
        assert.equal(await blobs.delete(digest), false);
      }),
    );

    test(
      "a blob that is deleted while it is read is not remembered",
      withStore(async ({ blobs }) => {
        const digest = await put(blobs, SMALL);
        const reads = [1, 2, 3, 4].map(() =>
          collect(blobs.read(digest, { offset: 0 })).catch(() => undefined),
        );
        await Promise.all([blobs.delete(digest), ...reads]);
        assert.equal(await blobs.stat(digest), undefined);
      }),
    );

    test(
      "list names every blob with its size",
      withStore(async ({ blobs }) => {
        const contents = Array.from({ length: 40 }, (_, index) => someBytes(index * 10, index + 1));
        const expected: string[] = [];
        for (const [index, content] of contents.entries()) {
          const digest = await put(blobs, content, index % 2 === 0 ? "sha256" : "sha512");
          expected.push(`${digest} ${content.length}`);
        }
        const listed = (await toArray(blobs.list())).map(({ digest, size }) => `${digest} ${size}`);
        assert.deepEqual(listed.sort(), expected.sort());
      }),
    );

    test(
      "many readers of one blob each see all of it",
      withStore(async ({ blobs }) => {
        const digest = await put(blobs, LARGE);
        const reads = await Promise.all(
          Array.from({ length: 20 }, () => collect(blobs.read(digest, { offset: 7 }))),
        );
        for (const read of reads) assert.ok(read.equals(LARGE.subarray(7)));
      }),
    );

    test(
      "a read that ends early leaves no file open",
      withStore(async ({ blobs, openFiles }) => {
        const digest = await put(blobs, LARGE);
        for await (const chunk of blobs.read(digest, { offset: 0 })) {
          assert.ok(chunk.length > 0);
          break;
        }
        assert.deepEqual(await openFiles?.(), openFiles && []);
      }),
    );

    test(
      "a read that fails in the caller leaves no file open",
      withStore(async ({ blobs, openFiles }) => {
        const digest = await put(blobs, LARGE);
        const failing = async () => {
          for await (const _ of blobs.read(digest, { offset: 0 })) throw new Error("the peer went away");
        };
        await assert.rejects(failing(), { message: "the peer went away" });
        assert.deepEqual(await openFiles?.(), openFiles && []);
      }),
    );

    test(
      "abort closes the file although nobody asks for the next chunk",
      { timeout: 20_000 },
      withStore(async ({ blobs, openFiles }, signal) => {
        const digest = await put(blobs, LARGE);
        const controller = new AbortController();
        const reading = blobs.read(digest, { offset: 0 }, controller.signal)[Symbol.asyncIterator]();
        assert.equal((await reading.next()).done, false);
        controller.abort(new Error("the call was cancelled"));
        while (((await openFiles?.()) ?? []).length > 0) await setImmediate(undefined, { signal });
        await assert.rejects(reading.next(), { message: "the call was cancelled" });
      }),
    );

    test(
      "a signal that was aborted before opens nothing",
      withStore(async ({ blobs, openFiles }) => {
        const digest = await put(blobs, LARGE);
        const signal = AbortSignal.abort(new Error("too late"));
        await assert.rejects(collect(blobs.read(digest, { offset: 0 }, signal)), { message: "too late" });
        assert.deepEqual(await openFiles?.(), openFiles && []);
      }),
    );
  });
}

/** The signal is aborted when the test has taken too long. */
type Work = (store: OpenBlobStore, signal: AbortSignal) => Promise<void>;

type WithStore = (work: Work) => (context: TestContext) => Promise<void>;

function rangeTests(content: Buffer, withStore: WithStore): void {
  const size = content.length;
  const ranges = [
    { offset: 0, limit: 0 },
    { offset: 0, limit: 1 },
    { offset: 1, limit: 998 },
    { offset: size - 1 },
    { offset: size },
    { offset: size, limit: 5 },
    { offset: 10, limit: size },
    { offset: 500, limit: size - 500 },
  ];
  test(
    `every range of ${size} bytes is exact`,
    withStore(async ({ blobs, openFiles }) => {
      const digest = await put(blobs, content);
      for (const range of ranges) {
        const expected = content.subarray(range.offset, range.offset + (range.limit ?? size));
        const actual = await collect(blobs.read(digest, range));
        assert.ok(actual.equals(expected), JSON.stringify(range));
      }
      assert.deepEqual(await openFiles?.(), openFiles && []);
    }),
  );

  test(
    `an offset behind the end of ${size} bytes is an error`,
    withStore(async ({ blobs, openFiles }) => {
      const digest = await put(blobs, content);
      await assert.rejects(collect(blobs.read(digest, { offset: size + 1 })), { name: "Error" });
      assert.deepEqual(await openFiles?.(), openFiles && []);
    }),
  );
}

async function put(
  blobs: BlobStore,
  content: Uint8Array,
  algorithm: DigestAlgorithm = "sha256",
): Promise<Digest> {
  const digest = digestOf(content, algorithm);
  await blobs.put(digest, content);
  return digest;
}
