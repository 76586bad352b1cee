// A catalogue whose files are not all there and whole is refused, with what to do, and
// nothing of it is changed. What a crash leaves is none of that.
import assert from "node:assert/strict";
import { cp, readdir, readFile, stat, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { crc32c } from "../../src/metadata/level-log.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const ADVICE = /is damaged: .*"stowage restore".*"stowage rebuild"/;

/** Enough for several tables and a log. */
const ROWS = 12_000;

let directory: string;
let base: string;
before(async () => {
  directory = await makeTemporaryDirectory();
  base = join(directory, "base");
  for (let round = 0; round < 3; round++) {
    const engine = await LevelEngine.open(base);
    for (let first = 0; first < ROWS / 3; first += 200) {
      const changes = Array.from({ length: 200 }, (_, index) => ({
        kind: "put" as const,
        key: `k/${round}-${first + index}`,
        value: crypto.getRandomValues(new Uint8Array(1500)),
      }));
      await engine.commit({ changes, expectations: [], events: [Buffer.from("event")] });
    }
    await engine.close();
  }
});
after(() => removeTemporaryDirectory(directory));

/** The files that hold something. */
async function dataFiles(): Promise<string[]> {
  const names = await readdir(base);
  const live = new Set(await liveTables());
  return names.filter((name) =>
    name.endsWith(".ldb") ? live.has(name) : /^(CURRENT|MANIFEST-|\d+\.log)/.test(name),
  );
}

/** LevelDB may keep tables for a while that nothing needs any more. */
async function liveTables(): Promise<string[]> {
  const tables = (await readdir(base)).filter((name) => name.endsWith(".ldb"));
  const live: string[] = [];
  for (const name of tables) {
    const copy = await damaged((location) => unlink(join(location, name)));
    const isNeeded = await LevelEngine.open(copy).then(
      (engine) => engine.close().then(() => false),
      () => true,
    );
    if (isNeeded) live.push(name);
  }
  assert.ok(live.length > 0);
  return live;
}

let copies = 0;
async function damaged(damage: (location: string) => Promise<void>): Promise<string> {
  const location = join(directory, `copy-${copies++}`);
  await cp(base, location, { recursive: true });
  await damage(location);
  return location;
}

async function contentOf(location: string): Promise<Record<string, string>> {
  const names = (await readdir(location)).filter((name) => !/^LO(?:G|CK)/.test(name));
  const content = await Promise.all(
    names.map(async (name) => [name, (await readFile(join(location, name))).toString("base64")] as const),
  );
  return Object.fromEntries(content);
}

test("each file that is deleted is missed, and nothing is changed", async () => {
  const files = await dataFiles();
  assert.ok(files.some((name) => name.endsWith(".log")) && files.includes("CURRENT"));
  for (const name of files) {
    const location = await damaged((copy) => unlink(join(copy, name)));
    const content = await contentOf(location);
    await assert.rejects(LevelEngine.open(location), ADVICE, name);
    assert.deepEqual(Object.keys(await contentOf(location)), Object.keys(content), name);
    assert.deepEqual(await contentOf(location), content, name);
  }
});

test("a table that was cut is missed", async () => {
  for (const name of (await dataFiles()).filter((one) => one.endsWith(".ldb"))) {
    const location = await damaged(async (copy) => {
      await truncate(join(copy, name), (await stat(join(copy, name))).size - 1);
    });
    await assert.rejects(LevelEngine.open(location), ADVICE, name);
  }
});

test("a bit that was flipped in the log or the manifest is found", async () => {
  for (const name of (await dataFiles()).filter((one) => /log$|^MANIFEST/.test(one))) {
    const location = await damaged(async (copy) => {
      const bytes = await readFile(join(copy, name));
      const middle = Math.floor(bytes.length / 2);
      bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle);
      await writeFile(join(copy, name), bytes);
    });
    await assert.rejects(LevelEngine.open(location), ADVICE, name);
  }
});

test("a torn end of the log is what a crash leaves", async () => {
  const name = (await readdir(base)).find((one) => one.endsWith(".log")) ?? "";
  for (const torn of [1, 5, 8, 1000, 40_000]) {
    const location = await damaged(async (copy) => {
      await truncate(join(copy, name), (await stat(join(copy, name))).size - torn);
    });
    const engine = await LevelEngine.open(location);
    assert.ok(engine.lastSequence() > 0);
    await engine.close();
  }
});

test("a catalogue that is open elsewhere is in use, whatever its files look like from outside", async () => {
  const location = await damaged(async () => {});
  const engine = await LevelEngine.open(location);
  try {
    await unlink(join(location, "CURRENT"));
    await assert.rejects(LevelEngine.open(location), /is in use/);
  } finally {
    await engine.close();
  }
});

test("the checksum is that of RFC 3720", () => {
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
});

test("of the record that a power failure interrupts, any part may be missing", async () => {
  const location = join(directory, "interrupted");
  const engine = await LevelEngine.open(location);
  await engine.commit({
    changes: [{ kind: "put", key: "k/1", value: Buffer.alloc(10) }],
    expectations: [],
    events: [],
  });
  const name = (await readdir(location)).find((one) => one.endsWith(".log")) ?? "";
  const before = (await stat(join(location, name))).size;
  const large = crypto.getRandomValues(new Uint8Array(60_000));
  await engine.commit({
    changes: [1, 2, 3, 4].map((number) => ({ kind: "put", key: `k/${number}`, value: large })),
    expectations: [],
    events: [],
  });
  await engine.close();
  const bytes = await readFile(join(location, name));
  bytes.fill(0, before + 40_000, before + 48_000);
  await writeFile(join(location, name), bytes);
  const reopened = await LevelEngine.open(location);
  assert.deepEqual((await reopened.get("k/1"))?.length, 10);
  assert.equal(await reopened.get("k/4"), undefined);
  await reopened.close();
});
