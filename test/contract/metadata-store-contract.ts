// What the card catalogue promises (src/metadata/metadata-store.ts), whatever
// engine is below it.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CommitConflict } from "../../src/metadata/engine.ts";
import {
  catalog,
  catalogName,
  contentKey,
  manifestCountKey,
  manifestTagKey,
  referrerKey,
  referrersOf,
  repositoryKey,
  repositoryOfCatalogName,
  tagKey,
  tagsOf,
  tagsOfManifest,
} from "../../src/metadata/keys.ts";
import { add, expectRecord, type MetadataStore, put, remove } from "../../src/metadata/metadata-store.ts";
import type { EventRecord, ReferrerRecord, TagRecord } from "../../src/metadata/records.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import { testEventLog } from "./metadata-log-contract.ts";
import { testMetadataSnapshots } from "./metadata-snapshot-contract.ts";
import { testUsage } from "./metadata-usage-contract.ts";

export interface OpenedMetadataStore {
  readonly metadata: MetadataStore;
  /** Closes the store and removes what it left. */
  readonly dispose: () => Promise<void>;
}

const alpine = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const digest = digestOf(Buffer.from("one"));
const otherDigest = digestOf(Buffer.from("two"));

function tagRecord(updateTime: number): TagRecord {
  return { digest, mediaType: "application/vnd.oci.image.manifest.v1+json", size: 7, updateTime };
}

function eventRecord(id: string): EventRecord {
  return { id, time: 1, repository: alpine, fact: { kind: "repository_created" } };
}

export function testMetadataStore(name: string, open: () => Promise<OpenedMetadataStore>): void {
  describe(`metadata store contract: ${name}`, () => {
    let opened: OpenedMetadataStore;
    let metadata: MetadataStore;

    beforeEach(async () => {
      opened = await open();
      metadata = opened.metadata;
    });
    afterEach(() => opened.dispose());

    const names = async (...[prefix, options]: Parameters<MetadataStore["page"]>) =>
      (await metadata.page(prefix, options)).map((entry) => entry.name);

    describe("records", () => {
      test("a record comes back as it was put, and is gone once removed", async () => {
        const key = tagKey(alpine, latest);
        assert.equal(await metadata.get(key), undefined);
        await metadata.commit({ changes: [put(key, tagRecord(1))] });
        assert.deepEqual(await metadata.get(key), tagRecord(1));
        await metadata.commit({ changes: [put(key, tagRecord(2))] });
        assert.deepEqual(await metadata.get(key), tagRecord(2));
        await metadata.commit({ changes: [remove(key)] });
        assert.equal(await metadata.get(key), undefined);
      });

      test("a record is frozen, through and through", async () => {
        const key = referrerKey(alpine, digest, otherDigest);
        const annotations = { "org.example.é": "ü 📦", __proto__: "x" };
        await metadata.commit({ changes: [put(key, { mediaType: "a/b", size: 1, annotations })] });
        const record = await metadata.get(key);
        assert.ok(Object.isFrozen(record));
        assert.ok(Object.isFrozen(record?.annotations));
        assert.deepEqual(record, { mediaType: "a/b", size: 1, annotations });
      });

      test("what the caller does with a record after putting it changes nothing", async () => {
        const record = { createTime: 1 };
        await metadata.commit({ changes: [put(repositoryKey(alpine), record)] });
        record.createTime = 2;
        assert.deepEqual(await metadata.get(repositoryKey(alpine)), { createTime: 1 });
      });

      test("content is kept byte for byte, up to 4 MiB and beyond", async () => {
        for (const size of [0, 1, 1000, 300_000, 5_000_000]) {
          const content = Buffer.alloc(size, 200);
          const key = contentKey(digestOf(content));
          await metadata.commit({ changes: [put(key, content)] });
          const read = await metadata.get(key);
          assert.ok(read !== undefined && Buffer.compare(read, content) === 0, `${size} bytes`);
        }
      });

      test("a counter reads as a number and disappears at 0", async () => {
        const key = manifestCountKey(alpine);
        await metadata.commit({ changes: [add(key, 2)] });
        assert.equal(await metadata.get(key), 2);
        await metadata.commit({ changes: [add(key, -2)] });
        assert.equal(await metadata.get(key), undefined);
      });

      test("reads beside many commits never see less than what was acknowledged", async () => {
        const key = tagKey(alpine, latest);
        let written = 0;
        let done = false;
        const reader = async () => {
          while (!done) {
            const least = written;
            const seen = (await metadata.get(key))?.updateTime ?? 0;
            assert.ok(seen >= least, `read ${seen} after ${least} was acknowledged`);
            await new Promise(setImmediate);
          }
        };
        const readers = [reader(), reader(), reader()];
        for (let time = 1; time <= 200; time++) {
          await metadata.commit({ changes: [put(key, tagRecord(time))] });
          written = time;
        }
        done = true;
        await Promise.all(readers);
      });
    });

    describe("expectations", () => {
      const key = tagKey(alpine, latest);

      test("a record that is as expected lets the commit through", async () => {
        await metadata.commit({
          changes: [put(key, tagRecord(1))],
          expectations: [expectRecord(key, undefined)],
        });
        const record = await metadata.get(key);
        await metadata.commit({
          changes: [put(key, tagRecord(2))],
          expectations: [expectRecord(key, record)],
        });
        assert.deepEqual(await metadata.get(key), tagRecord(2));
      });

      test("a record that is not as expected is a conflict and changes nothing", async () => {
        await metadata.commit({ changes: [put(key, tagRecord(1))] });
        const record = await metadata.get(key);
        await metadata.commit({ changes: [put(key, tagRecord(2))] });
        for (const expected of [record, undefined]) {
          const commit = metadata.commit({
            changes: [remove(key), put(repositoryKey(alpine), { createTime: 1 })],
            expectations: [expectRecord(key, expected)],
            events: [eventRecord("never")],
          });
          await assert.rejects(commit, CommitConflict);
        }
        assert.deepEqual(await metadata.get(key), tagRecord(2));
        assert.equal(await metadata.get(repositoryKey(alpine)), undefined);
        assert.equal(metadata.lastSequence(), 0);
      });

      test("content and counters can be expected too", async () => {
        const key = contentKey(digestOf(Buffer.from("{}")));
        const changes = [put(key, Buffer.from("{}")), add(manifestCountKey(alpine), 1)];
        await metadata.commit({ changes });
        const content = await metadata.get(key);
        const count = await metadata.get(manifestCountKey(alpine));
        await metadata.commit({
          changes: [add(manifestCountKey(alpine), 1)],
          expectations: [expectRecord(key, content), expectRecord(manifestCountKey(alpine), count)],
        });
        const again = metadata.commit({
          changes: [],
          expectations: [expectRecord(manifestCountKey(alpine), count)],
        });
        await assert.rejects(again, CommitConflict);
      });
    });

    describe("pages", () => {
      const repositories = ["a", "a/b", "a/b/c", "a-b", "a.b", "ab", "a0"].map(parseRepositoryName);
      const tags = ["1.0", "1.1", "Latest", "_x", "latest"].map(parseTag);

      beforeEach(() =>
        metadata.commit({
          changes: repositories.flatMap((repository) => [
            add(manifestCountKey(repository), 1),
            ...tags.map((tag, index) => put(tagKey(repository, tag), tagRecord(index))),
          ]),
        }),
      );

      test("a repository's tags are its own, in order, whatever its neighbours are called", async () => {
        for (const repository of repositories) {
          assert.deepEqual(await names(tagsOf(repository), { limit: 100 }), tags, repository);
        }
        assert.deepEqual(await names(tagsOf(parseRepositoryName("b")), { limit: 100 }), []);
      });

      test("records come along, unless only names are asked for", async () => {
        const [entry] = await metadata.page(tagsOf(alpine), { limit: 1 });
        assert.equal(entry, undefined);
        const [first] = await metadata.page(tagsOf(parseRepositoryName("a/b")), { limit: 1 });
        assert.deepEqual(first, { name: "1.0", record: tagRecord(0) });
        const [nameOnly] = await metadata.page(tagsOf(parseRepositoryName("a/b")), {
          limit: 1,
          namesOnly: true,
        });
        assert.deepEqual(nameOnly, { name: "1.0", record: undefined });
      });

      test("a page begins behind a name, which need not exist", async () => {
        const prefix = tagsOf(parseRepositoryName("a/b"));
        assert.deepEqual(await names(prefix, { after: "1.0", limit: 2 }), ["1.1", "Latest"]);
        assert.deepEqual(await names(prefix, { after: "1", limit: 2 }), ["1.0", "1.1"]);
        assert.deepEqual(await names(prefix, { after: "1.05", limit: 1 }), ["1.1"]);
        assert.deepEqual(await names(prefix, { after: "latest", limit: 9 }), []);
        assert.deepEqual(await names(prefix, { after: "\u{10ffff}", limit: 9 }), []);
        assert.deepEqual(await names(prefix, { after: "", limit: 1 }), ["1.0"]);
      });

      test("the catalog lists repositories by path component, and page after page all of them", async () => {
        const all: string[] = [];
        for (let after: string | undefined; ; ) {
          const page = await names(catalog, after === undefined ? { limit: 2 } : { after, limit: 2 });
          all.push(...page.map(repositoryOfCatalogName));
          assert.ok(all.length <= repositories.length, `too many: ${all.join(" ")}`);
          after = page.at(-1);
          if (after === undefined) break;
        }
        assert.deepEqual(all, ["a", "a/b", "a/b/c", "a-b", "a.b", "a0", "ab"]);
        assert.deepEqual(await names(catalog, { after: catalogName("a/b"), limit: 1 }), ["a\x01b\x01c"]);
      });

      test("the tags and the referrers of a manifest are its own", async () => {
        const referrer: ReferrerRecord = { mediaType: "a/b", size: 1 };
        await metadata.commit({
          changes: [
            put(manifestTagKey(alpine, digest, latest), new Uint8Array(0)),
            put(manifestTagKey(alpine, otherDigest, parseTag("other")), new Uint8Array(0)),
            put(referrerKey(alpine, digest, otherDigest), referrer),
            put(referrerKey(alpine, otherDigest, digest), referrer),
          ],
        });
        assert.deepEqual(await names(tagsOfManifest(alpine, digest), { limit: 9 }), ["latest"]);
        assert.deepEqual(await metadata.page(referrersOf(alpine, digest), { limit: 9 }), [
          { name: otherDigest, record: referrer },
        ]);
      });
    });

    testMetadataSnapshots(open);
    testUsage(open);
    testEventLog(open);

    describe("events", () => {
      test("events come back numbered and whole", async () => {
        await metadata.commit({ changes: [], events: [eventRecord("a"), eventRecord("b")] });
        await metadata.commit({ changes: [], events: [eventRecord("c")] });
        assert.equal(metadata.lastSequence(), 3);
        assert.deepEqual(await metadata.readEvents(1, 9), [
          { sequence: 2, event: eventRecord("b") },
          { sequence: 3, event: eventRecord("c") },
        ]);
      });

      test("a listener is called when new events can be read, until it stops", async () => {
        const seen: number[] = [];
        const stop = metadata.onAppend(() => seen.push(metadata.lastSequence()));
        await metadata.commit({ changes: [], events: [eventRecord("a")] });
        await metadata.commit({ changes: [put(repositoryKey(alpine), { createTime: 1 })] });
        await metadata.commit({ changes: [], events: [eventRecord("b")] });
        assert.deepEqual(seen, [1, 2]);
        stop();
        await metadata.commit({ changes: [], events: [eventRecord("c")] });
        assert.deepEqual(seen, [1, 2]);
      });

      test("a consumer that reads whenever it is called misses nothing among parallel commits", async () => {
        const read: number[] = [];
        let reading = Promise.resolve();
        const readOn = async () => {
          const events = await metadata.readEvents(read.at(-1) ?? 0, 1000);
          read.push(...events.map(({ sequence }) => sequence));
        };
        const stop = metadata.onAppend(() => {
          reading = reading.then(readOn);
        });
        const commits = Array.from({ length: 200 }, (_, index) =>
          metadata.commit({ changes: [], events: [eventRecord(String(index))] }),
        );
        await Promise.all(commits);
        await reading;
        stop();
        assert.deepEqual(
          read,
          Array.from({ length: 200 }, (_, index) => index + 1),
        );
      });
    });
  });
}
