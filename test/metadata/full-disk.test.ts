// A catalogue whose disk fills up: what was acknowledged stays, reads go on, the
// reason is told, and it works again as soon as there is space, without a restart.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import type { Engine } from "../../src/metadata/engine.ts";
import { manifestCountKey, repositoryKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { add, put } from "../../src/metadata/metadata-store.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

/** The reason why no small disk can be made here, or false. */
function whyNoDisk(): string | false {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return false;
  } catch {
    return "mounting a small disk is not permitted here";
  }
}

const FILLER_BYTES = 8 * 1024 * 1024;

describe("on a full disk", { skip: whyNoDisk() }, () => {
  let directory: string;
  let disk: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory();
    disk = join(directory, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", disk]);
    await writeFile(join(disk, "filler"), Buffer.alloc(FILLER_BYTES));
  });
  afterEach(() => removeTemporaryDirectory(directory));

  /** Takes all the space that is left, to the last page. */
  async function fillUp(): Promise<void> {
    for (let index = 0; ; index++) {
      try {
        await writeFile(join(disk, `more-${index}`), Buffer.alloc(64 * 1024));
      } catch {
        return;
      }
    }
  }

  test("commits fail with INSUFFICIENT_STORAGE, reads go on, and space heals it", async () => {
    const engine = await LevelEngine.open(join(disk, "catalogue"), { rowCacheBytes: 1 });
    const acknowledged = await commitUntilFull(engine);
    for (const index of acknowledged) assert.equal((await engine.get(`k/${index}`))?.[0], index % 256);
    await assert.rejects(commitNumbered(engine, 9_000), { code: "INSUFFICIENT_STORAGE" });

    await rm(join(disk, "filler"));
    await commitWhenThereIsSpace(engine, 10_000);
    await expectWhole(engine, [...acknowledged, 10_000]);
    await engine.close();

    const again = await LevelEngine.open(join(disk, "catalogue"));
    await expectWhole(again, [...acknowledged, 10_000]);
    await again.close();
  });

  test("a catalogue that cannot be reopened is UNAVAILABLE, and comes back by itself", async () => {
    const location = join(disk, "catalogue");
    const engine = await LevelEngine.open(location, { rowCacheBytes: 1 });
    await commitUntilFull(engine);
    await rm(join(disk, "filler"));
    await rename(join(location, "CURRENT"), join(location, "away")); // as if the folder had gone
    await assert.rejects(commitNumbered(engine, 9_000), { code: "UNAVAILABLE" });
    await assert.rejects(engine.get("k/0"), { code: "UNAVAILABLE" });
    await rename(join(location, "away"), join(location, "CURRENT"));
    assert.notEqual(await engine.get("k/0"), undefined);
    await commitNumbered(engine, 10_000);
    await engine.close();
  });

  test("the catalogue's memory never disagrees with the disk", async () => {
    const engine = await LevelEngine.open(join(disk, "catalogue"));
    const metadata = new Catalogue(engine);
    const repository = parseRepositoryName("library/alpine");
    const key = repositoryKey(repository);
    const write = (createTime: number) =>
      metadata.commit({ changes: [put(key, { createTime }), add(manifestCountKey(repository), 1)] });

    await write(1);
    await fillUp();
    let written = 1;
    for (let time = 2; time <= 500; time++) {
      await write(time).then(
        () => {
          written = time;
        },
        (error) => assert.equal(error.code, "INSUFFICIENT_STORAGE"),
      );
      assert.deepEqual(await metadata.get(key), { createTime: written });
    }
    assert.ok(written < 500, "the disk never became full");

    await rm(join(disk, "filler"));
    await metadata.commit({ changes: [add(manifestCountKey(repository), 1)] });
    // The first commit that failed may have reached the log: then it is there now.
    const fresh = await engine.get(key.text);
    assert.equal(Buffer.from(fresh ?? []).toString(), `1${JSON.stringify(await metadata.get(key))}`);
    assert.ok(((await metadata.get(key))?.createTime ?? 0) >= written);
    await write(1000);
    assert.deepEqual(await metadata.get(key), { createTime: 1000 });
    await metadata.close();
  });
});

/** What a file took is not always free at the moment it is gone: LevelDB tidies up meanwhile. */
async function commitWhenThereIsSpace(engine: Engine, index: number): Promise<void> {
  await eventually("space", () =>
    commitNumbered(engine, index).catch((error: unknown) => {
      if (error instanceof RegistryError && error.code === "INSUFFICIENT_STORAGE") return undefined;
      throw error;
    }),
  );
}

function commitNumbered(engine: Engine, index: number): Promise<number> {
  return engine.commit({
    changes: [
      { kind: "put", key: `k/${index}`, value: randomTail(index) },
      { kind: "add", key: "n", delta: 1 },
    ],
    expectations: [{ kind: "absent", key: `k/${index}` }],
    events: [Buffer.from(String(index))],
  });
}

/** 32 KiB that do not compress, beginning with the index. */
function randomTail(index: number): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(32 * 1024));
  bytes[0] = index % 256;
  return bytes;
}

/** Commits four at a time until all four fail; returns those that were acknowledged. */
async function commitUntilFull(engine: Engine): Promise<number[]> {
  const acknowledged: number[] = [];
  for (let index = 0; index < 4_000; index += 4) {
    const group = [index, index + 1, index + 2, index + 3];
    const outcomes = await Promise.allSettled(group.map((one) => commitNumbered(engine, one)));
    for (const [position, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") acknowledged.push(index + position);
      else expectFull(outcome.reason);
    }
    if (outcomes.every(({ status }) => status === "rejected")) return acknowledged;
  }
  assert.fail("the disk never became full");
}

function expectFull(error: unknown): void {
  assert.ok(error instanceof RegistryError);
  assert.equal(error.code, "INSUFFICIENT_STORAGE");
}

/** Everything acknowledged is there, and rows, counter and log tell the same story without a gap. */
async function expectWhole(engine: Engine, acknowledged: readonly number[]): Promise<void> {
  const rows = await engine.scan({ from: "k/", to: "k0", limit: 10_000, values: false });
  const present = new Set(rows.map(({ key }) => Number(key.slice(2))));
  for (const index of acknowledged) assert.ok(present.has(index), `${index} was acknowledged and is lost`);
  assert.equal(Number(Buffer.from((await engine.get("n")) ?? []).toString()), rows.length);
  const events = await engine.readEvents(0, 10_000);
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    Array.from({ length: engine.lastSequence() }, (_, index) => index + 1),
  );
  const announced = new Set(events.map(({ value }) => Number(Buffer.from(value).toString())));
  assert.deepEqual(announced, present);
}
