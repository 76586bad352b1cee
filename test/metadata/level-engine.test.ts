// The engine on LevelDB: the promises of every engine, and those of a folder.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Level } from "level";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import type { EngineCommit } from "../../src/metadata/engine.ts";
import { LevelDatabase } from "../../src/metadata/level-database.ts";
import { LevelEngine, type LevelEngineOptions } from "../../src/metadata/level-engine.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { type OpenedEngine, testEngine } from "../contract/engine-contract.ts";
import { testMetadataStore } from "../contract/metadata-store-contract.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

async function openEngine(options: LevelEngineOptions): Promise<OpenedEngine> {
  const directory = await makeTemporaryDirectory();
  let engine = await LevelEngine.open(directory, options);
  return {
    engine,
    reopen: async () => {
      await engine.close();
      engine = await LevelEngine.open(directory, options);
      return engine;
    },
    dispose: async () => {
      await engine.close();
      await removeTemporaryDirectory(directory);
    },
  };
}

testEngine("LevelDB", () => openEngine({}));

// With a cache of next to nothing every read goes to the disk.
testEngine("LevelDB without a row cache", () => openEngine({ rowCacheBytes: 1 }));

testMetadataStore("LevelDB", async () => {
  const directory = await makeTemporaryDirectory();
  const metadata = new Catalogue(await LevelEngine.open(directory));
  return {
    metadata,
    dispose: async () => {
      await metadata.close();
      await removeTemporaryDirectory(directory);
    },
  };
});

function numbered(index: number): EngineCommit {
  return {
    changes: [
      { kind: "put", key: `k/${index}`, value: Buffer.from(String(index)) },
      { kind: "add", key: "n", delta: 1 },
    ],
    expectations: [{ kind: "absent", key: `k/${index}` }],
    events: [Buffer.from(String(index))],
  };
}

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await makeTemporaryDirectory();
  try {
    await body(directory);
  } finally {
    await removeTemporaryDirectory(directory);
  }
}

describe("a catalogue's folder", () => {
  test("is made with all folders above it, and keeps everything over a restart", () =>
    inDirectory(async (directory) => {
      const location = join(directory, "some", "where", "catalogue");
      const first = await LevelEngine.open(location);
      await Promise.all(Array.from({ length: 100 }, (_, index) => first.commit(numbered(index))));
      await first.close();

      const second = await LevelEngine.open(location);
      assert.equal(second.lastSequence(), 100);
      assert.equal(Buffer.from((await second.get("n")) ?? []).toString(), "100");
      assert.equal(await second.commit(numbered(100)), 101);
      assert.equal((await second.readEvents(0, 1000)).length, 101);
      await second.close();
    }));

  test("can be open once; the second is told which folder and why", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await assert.rejects(LevelEngine.open(directory), (error) => {
        assert.ok(error instanceof Error);
        assert.ok(error.message.includes(JSON.stringify(directory)));
        assert.match(error.message, /another stowage/);
        return true;
      });
      await engine.close();
      await (await LevelEngine.open(directory)).close();
    }));

  test("of a newer format is refused and left as it is", () =>
    inDirectory(async (directory) => {
      const level = new Level(directory);
      await level.put("x/format", "4");
      await level.close();
      for (let attempt = 0; attempt < 2; attempt++) {
        await assert.rejects(
          LevelEngine.open(directory),
          /format "4".*reads formats "1", "2", and "3"; a newer version wrote it/,
        );
      }
    }));

  test("of another program is refused", () =>
    inDirectory(async (directory) => {
      const level = new Level(directory);
      await level.put("hello", "world");
      await level.close();
      await assert.rejects(LevelEngine.open(directory), /not a catalogue of Stowage/);
    }));

  test("that cannot be made is refused with the reason", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(join(directory, "a"));
      await engine.close();
      await assert.rejects(
        LevelEngine.open(join(directory, "a", "CURRENT", "b")),
        /cannot be opened.*ENOTDIR/,
      );
    }));
});

describe("a snapshot on LevelDB", () => {
  test("is lost when the database is reopened after a failure, and a new one can be taken", () =>
    inDirectory(async (directory) => {
      const database = await LevelDatabase.open(directory);
      const engine = await LevelEngine.over(database);
      await engine.commit(numbered(0));
      const range = { from: "k/", to: "k0", limit: 9 };
      const snapshot = await engine.snapshot();
      const scanning = snapshot.scan(range).catch((error: unknown) => {
        assert.ok(error instanceof RegistryError && error.code === "UNAVAILABLE");
      });
      await database.recover();
      await scanning;
      await assert.rejects(snapshot.scan(range), { code: "UNAVAILABLE", message: /closed or reopened/ });
      await snapshot.close();
      const next = await engine.snapshot();
      assert.equal(next.lastSequence, 1);
      assert.equal((await next.scan(range)).length, 1);
      await engine.close();
    }));
});

describe("the space of trimmed events", () => {
  const EVENTS = 60_000;

  /** As many events as make a compaction worth it, which do not compress. */
  async function fill(engine: LevelEngine): Promise<void> {
    for (let count = 0; count < EVENTS; count += 10_000) {
      const events = Array.from({ length: 10_000 }, () => randomBytes(200));
      await engine.commit({ changes: [], expectations: [], events });
    }
  }

  async function sizeOf(directory: string): Promise<number> {
    const sizes = (await readdir(directory)).map(async (name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0, // a table that has just been merged into another
      ),
    );
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  test("is given back, without anybody waiting for it", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await fill(engine);
      assert.ok((await sizeOf(directory)) > EVENTS * 200);
      await engine.trimEvents(EVENTS);
      let size = 0;
      await eventually(
        "a small folder",
        async () => {
          size = await sizeOf(directory);
          return size < EVENTS * 100 ? size : undefined;
        },
        () => `but ${size} bytes`,
      );
      await engine.close();
    }));

  test("may be on its way when the engine is closed", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await fill(engine);
      await engine.trimEvents(EVENTS - 1);
      await engine.close();
      const again = await LevelEngine.open(directory);
      assert.equal(again.trimmedSequence(), EVENTS - 1);
      assert.deepEqual(
        (await again.readEvents(0, 9)).map(({ sequence }) => sequence),
        [EVENTS],
      );
      await again.close();
    }));
});

describe("group commit", () => {
  test("makes few batches of many commits, and none of a commit that is alone wait", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await Promise.all(Array.from({ length: 1000 }, (_, index) => engine.commit(numbered(index))));
      assert.equal(engine.statistics().commits, 1000);
      assert.ok(engine.statistics().batches <= 3, `${engine.statistics().batches} batches`);
      const before = engine.statistics().batches;
      for (let index = 1000; index < 1010; index++) await engine.commit(numbered(index));
      assert.equal(engine.statistics().batches, before + 10);
      await engine.close();
    }));

  test("of commits in which there is nothing to write none is counted", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await engine.commit(numbered(1));
      const before = { ...engine.statistics() };
      await engine.commit({ changes: [], expectations: [], events: [] }); // as a health check asks
      assert.deepEqual(engine.statistics(), before);
      await engine.close();
    }));

  test("bounds a batch by commits and by bytes", () =>
    inDirectory(async (directory) => {
      const engine = await LevelEngine.open(directory);
      await Promise.all(Array.from({ length: 5000 }, (_, index) => engine.commit(numbered(index))));
      assert.ok(engine.statistics().batches >= 5);
      const before = engine.statistics().batches;
      const value = Buffer.alloc(3 * 1024 * 1024);
      const large = (key: string) =>
        engine.commit({ changes: [{ kind: "put", key, value }], expectations: [], events: [] });
      await Promise.all(["a", "b", "c", "d"].map(large));
      assert.equal(engine.statistics().batches, before + 4);
      await engine.close();
    }));
});
