// The cache of blob descriptors: how many are kept, what is counted, and that it never
// says that a blob is there whose removal was acknowledged.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Catalogue, type CatalogueOptions } from "../../src/metadata/catalogue.ts";
import type { Engine, EngineCommit } from "../../src/metadata/engine.ts";
import { blobKey, linkKey, repositoryKey, tagKey } from "../../src/metadata/keys.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import { put, remove } from "../../src/metadata/metadata-store.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { testMetadataStore } from "../contract/metadata-store-contract.ts";

/** 3: so few that they are pushed out all the time. */
const CHOICES = [3, 0, "none"] as const;

for (const descriptorEntries of CHOICES) {
  testMetadataStore(`memory, descriptors: ${descriptorEntries}`, async () => {
    const metadata = new Catalogue(await openMemoryEngine(), { descriptorEntries });
    return { metadata, dispose: () => metadata.close() };
  });
}

const alpine = parseRepositoryName("library/alpine");
const digests = Array.from({ length: 20 }, (_, index) => digestOf(Buffer.from(String(index))));
const [first = assert.fail(), second = assert.fail()] = digests;
const LINK = { size: 1, createTime: 1, pushTime: 1 };
const BLOB = { size: 1, createTime: 1 };

/** An engine that tells what is read from it, and can hold a read or a commit back. */
class WatchedEngine {
  readonly reads: string[] = [];
  /** What each read waits for behind the engine's answer. */
  delayed: Promise<void> | undefined;
  /** What each commit waits for once it has happened, before it is acknowledged. */
  committed: Promise<void> | undefined;
  failure: Error | undefined;
  readonly engine: Engine;

  constructor(inner: Engine) {
    const get = async (key: string) => {
      this.reads.push(key);
      const value = await inner.get(key);
      await this.delayed;
      return value;
    };
    const commit = async (commit: EngineCommit) => {
      const last = await inner.commit(commit);
      await this.committed;
      if (this.failure !== undefined) throw this.failure;
      return last;
    };
    this.engine = new Proxy(inner, {
      get(target, name) {
        if (name === "get") return get;
        if (name === "commit") return commit;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  }
}

async function openWatched(options: CatalogueOptions) {
  const watched = new WatchedEngine(await openMemoryEngine());
  const metadata = new Catalogue(watched.engine, options);
  await metadata.commit({
    changes: digests.flatMap((digest) => [put(linkKey(alpine, digest), LINK), put(blobKey(digest), BLOB)]),
  });
  return { watched, metadata };
}

describe("the cache of blob descriptors", () => {
  test("a second read costs none, and is a hit", async () => {
    const { watched, metadata } = await openWatched({ descriptorEntries: 100 });
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await metadata.get(linkKey(alpine, first)), LINK);
      assert.deepEqual(await metadata.get(blobKey(first)), BLOB);
    }
    assert.equal(watched.reads.length, 2);
    assert.deepEqual(metadata.descriptorCache(), { hits: 4, misses: 2, entries: 2 });
  });

  test("what is not there is a miss each time", async () => {
    const { watched, metadata } = await openWatched({});
    const nowhere = blobKey(digestOf(Buffer.from("nowhere")));
    for (let round = 0; round < 3; round++) assert.equal(await metadata.get(nowhere), undefined);
    assert.equal(watched.reads.length, 3);
    assert.deepEqual(metadata.descriptorCache(), { hits: 0, misses: 3, entries: 0 });
  });

  test("other records neither count nor take its room", async () => {
    const { metadata } = await openWatched({ descriptorEntries: 1 });
    await metadata.commit({ changes: [put(repositoryKey(alpine), { createTime: 1 })] });
    await metadata.get(blobKey(first));
    await metadata.get(repositoryKey(alpine));
    await metadata.get(tagKey(alpine, parseTag("latest")));
    await metadata.get(blobKey(first));
    assert.deepEqual(metadata.descriptorCache(), { hits: 1, misses: 1, entries: 1 });
  });

  for (const [descriptorEntries, kept] of [
    [5, 5],
    [0, 40],
    [undefined, 40],
  ] as const) {
    test(`of 40 records ${kept} are kept where the limit is ${descriptorEntries ?? "the default"}`, async () => {
      const { metadata } = await openWatched(descriptorEntries === undefined ? {} : { descriptorEntries });
      for (const digest of digests) {
        await metadata.get(linkKey(alpine, digest));
        await metadata.get(blobKey(digest));
      }
      assert.equal(metadata.descriptorCache()?.entries, kept);
    });
  }

  test('"none" asks the engine each time, and keeps other records all the same', async () => {
    const { watched, metadata } = await openWatched({ descriptorEntries: "none" });
    await metadata.commit({ changes: [put(repositoryKey(alpine), { createTime: 1 })] });
    for (let round = 0; round < 3; round++) {
      await metadata.get(linkKey(alpine, first));
      await metadata.get(blobKey(first));
      await metadata.get(repositoryKey(alpine));
    }
    const count = (text: string) => watched.reads.filter((key) => key === text).length;
    assert.deepEqual(
      [linkKey(alpine, first), blobKey(first), repositoryKey(alpine)].map(({ text }) => count(text)),
      [3, 3, 1],
    );
    assert.equal(metadata.descriptorCache(), undefined);
  });
});

describe("a blob that is removed while it is asked for", () => {
  for (const descriptorEntries of CHOICES) {
    const name = `descriptors: ${descriptorEntries}`;

    test(`${name}: an answer from before the removal is not kept`, async () => {
      const { watched, metadata } = await openWatched({ descriptorEntries });
      const held = Promise.withResolvers<void>();
      watched.delayed = held.promise;
      const early = metadata.get(blobKey(first));
      await new Promise(setImmediate); // the engine has answered, the catalogue has not heard it
      await metadata.commit({ changes: [remove(blobKey(first))] });
      watched.delayed = undefined;
      assert.equal(await metadata.get(blobKey(first)), undefined);
      held.resolve();
      assert.deepEqual(await early, BLOB);
      assert.equal(await metadata.get(blobKey(first)), undefined);
    });

    test(`${name}: a read during the removal is not kept`, async () => {
      const { watched, metadata } = await openWatched({ descriptorEntries });
      await metadata.get(linkKey(alpine, first));
      const acknowledged = Promise.withResolvers<void>();
      watched.committed = acknowledged.promise;
      const removal = metadata.commit({ changes: [remove(linkKey(alpine, first))] });
      await new Promise(setImmediate);
      assert.equal(await metadata.get(linkKey(alpine, first)), undefined);
      acknowledged.resolve();
      await removal;
      assert.equal(await metadata.get(linkKey(alpine, first)), undefined);
    });

    test(`${name}: after a removal that failed in the disk nothing new is kept until it is known`, async () => {
      const { watched, metadata } = await openWatched({ descriptorEntries });
      watched.failure = new Error("the disk");
      await assert.rejects(metadata.commit({ changes: [remove(blobKey(first))] }), /the disk/);
      watched.reads.length = 0;
      await metadata.get(blobKey(second));
      await metadata.get(blobKey(second));
      assert.equal(watched.reads.length, 2);
      watched.failure = undefined;
      await metadata.commit({ changes: [put(repositoryKey(alpine), { createTime: 1 })] });
      await metadata.get(blobKey(second));
      await metadata.get(blobKey(second));
      assert.equal(watched.reads.length, descriptorEntries === "none" ? 4 : 3);
      assert.equal(await metadata.get(blobKey(first)), undefined);
    });

    test(`${name}: readers beside writers never see what was removed before they asked`, async () => {
      const { metadata } = await openWatched({ descriptorEntries });
      const key = blobKey(first);
      let isThere = true;
      let version = 0; // odd while it is being changed
      let isDone = false;
      let checked = 0;
      const reader = async () => {
        while (!isDone) {
          const [before, expected] = [version, isThere];
          const found = (await metadata.get(key)) !== undefined;
          if (before % 2 === 0 && before === version) {
            assert.equal(found, expected);
            checked++;
          }
          await new Promise(setImmediate);
        }
      };
      const readers = [reader(), reader(), reader()];
      for (let round = 0; round < 200; round++) {
        version++;
        await metadata.commit({ changes: [isThere ? remove(key) : put(key, BLOB)] });
        isThere = !isThere;
        version++;
        for (let pause = round % 3; pause > 0; pause--) await new Promise(setImmediate);
      }
      isDone = true;
      await Promise.all(readers);
      assert.ok(checked > 100, `only ${checked} reads`);
    });
  }
});
