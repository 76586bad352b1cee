// A write that fails and yet happened: a disk may report the failure of a sync whose
// bytes it keeps. Nobody sees them until the database is reopened; then they are there.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { MemoryLevel } from "memory-level";
import type { RowValue } from "../../src/metadata/batch-plan.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { type Database, type Level, operationsOf } from "../../src/metadata/database.ts";
import { repositoryKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import type { EventRecord } from "../../src/metadata/records.ts";
import { storageError } from "../../src/metadata/storage-error.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";

type Writes = Iterable<readonly [key: string, value: RowValue]>;

/** What LevelDB does when a sync fails: the log has the write, the readers do not. */
class DoubtfulDatabase implements Database {
  readonly #level: Level = new MemoryLevel<string, Uint8Array>({
    keyEncoding: "utf8",
    valueEncoding: "view",
  });
  #inLog: Writes = [];
  failing = false;

  read<T>(read: (level: Level) => Promise<T>): Promise<T> {
    return read(this.#level);
  }

  async write(writes: Writes): Promise<void> {
    if (this.failing) {
      this.#inLog = [...writes];
      throw new RegistryError("UNAVAILABLE");
    }
    await this.#level.batch(operationsOf(writes));
  }

  async recover(): Promise<void> {
    if (this.failing) throw new RegistryError("UNAVAILABLE");
    await this.#level.batch(operationsOf(this.#inLog));
  }

  async compact(): Promise<void> {}

  close(): Promise<void> {
    return this.#level.close();
  }
}

describe("a write that failed and yet happened", () => {
  const alpine = parseRepositoryName("alpine");
  const key = repositoryKey(alpine);
  const other = repositoryKey(parseRepositoryName("busybox"));
  const event: EventRecord = { id: "e", time: 1, repository: alpine, fact: { kind: "repository_created" } };
  let database: DoubtfulDatabase;
  let metadata: Catalogue;

  beforeEach(async () => {
    database = new DoubtfulDatabase();
    metadata = new Catalogue(await LevelEngine.over(database));
    await metadata.commit({ changes: [put(key, { createTime: 1 })], events: [event] });
    database.failing = true;
    const commit = metadata.commit({ changes: [put(key, { createTime: 2 })], events: [event, event] });
    await assert.rejects(commit, { code: "UNAVAILABLE" });
  });
  afterEach(() => metadata.close());

  test("is not seen before, and not overlooked after the database is reopened", async () => {
    assert.deepEqual(await metadata.get(key), { createTime: 1 });
    await assert.rejects(metadata.commit({ changes: [put(other, { createTime: 1 })] }), {
      code: "UNAVAILABLE",
    });
    assert.deepEqual(await metadata.get(key), { createTime: 1 });
    database.failing = false;
    await metadata.commit({ changes: [put(other, { createTime: 1 })] });
    assert.deepEqual(await metadata.get(key), { createTime: 2 });
  });

  test("leaves no gap and no duplicate in the log", async () => {
    database.failing = false;
    await metadata.commit({ changes: [], events: [event] });
    assert.equal(metadata.lastSequence(), 4);
    const events = await metadata.readEvents(0, 10);
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      [1, 2, 3, 4],
    );
  });

  test("is read in its place wherever a reader begins", async () => {
    database.failing = false;
    for (let last = 4; last <= 6; last++) {
      await metadata.commit({ changes: [], events: [event] });
      for (let after = 0; after <= last; after++) {
        const events = await metadata.readEvents(after, 10);
        assert.deepEqual(
          events.map(({ sequence }) => sequence),
          Array.from({ length: last - after }, (_, index) => after + 1 + index),
        );
      }
    }
  });

  test("is announced as soon as it is known, also by a commit that announces nothing itself", async () => {
    const told: number[] = [];
    metadata.onAppend(() => told.push(metadata.lastSequence()));
    database.failing = false;
    await metadata.commit({ changes: [put(other, { createTime: 1 })] });
    await metadata.commit({ changes: [put(other, { createTime: 2 })] });
    assert.deepEqual(told, [3]);
  });

  test("is announced also by a commit that meets a conflict", async () => {
    const told: number[] = [];
    metadata.onAppend(() => told.push(metadata.lastSequence()));
    database.failing = false;
    const commit = metadata.commit({ changes: [], expectations: [{ key, record: { createTime: 1 } }] });
    await assert.rejects(commit, { name: "CommitConflict" });
    await Promise.resolve();
    assert.deepEqual(told, [3]);
  });

  test("and only trimmed is known to have trimmed as soon as that can be known", async () => {
    database.failing = false;
    await metadata.commit({ changes: [], events: [event] });
    database.failing = true;
    await assert.rejects(metadata.trimEvents(3), { code: "UNAVAILABLE" });
    assert.equal(metadata.trimmedSequence(), 0);
    assert.equal((await metadata.readEvents(0, 10)).length, 4);
    database.failing = false;
    await metadata.commit({ changes: [], events: [event] });
    assert.equal(metadata.trimmedSequence(), 3);
    assert.deepEqual(
      (await metadata.readEvents(0, 10)).map(({ sequence }) => sequence),
      [4, 5],
    );
  });

  test("is what the next commit's expectations are held against", async () => {
    const record = await metadata.get(key);
    database.failing = false;
    const commit = metadata.commit({
      changes: [put(key, { createTime: 3 })],
      expectations: [{ key, record }],
    });
    await assert.rejects(commit, { name: "CommitConflict" });
    assert.deepEqual(await metadata.get(key), { createTime: 2 });
  });
});

test("the reason of a failed write is told by what the system said", () => {
  const codeOf = (message: string) => storageError(new Error("outer", { cause: new Error(message) })).code;
  assert.equal(codeOf("IO error: 000003.log: No space left on device"), "INSUFFICIENT_STORAGE");
  assert.equal(codeOf("IO error: 000003.log: Disk quota exceeded"), "INSUFFICIENT_STORAGE");
  assert.equal(codeOf("IO error: 000003.log: Input/output error"), "UNAVAILABLE");
  assert.equal(codeOf("IO error: 000003.log: Read-only file system"), "UNAVAILABLE");
  assert.equal(
    storageError(Object.assign(new Error("write"), { code: "EDQUOT" })).code,
    "INSUFFICIENT_STORAGE",
  );
});
