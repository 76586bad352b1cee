// Writing past the page cache: where it cannot be done nothing is written and nobody is told twice.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BufferPool } from "../../src/blobs/buffer-pool.ts";
import { DirectFile } from "../../src/blobs/direct-file.ts";

async function withFile(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-direct-"));
  try {
    await writeFile(join(folder, "file"), "");
    await run(join(folder, "file"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("whole blocks from the pool are written, or refused without a trace", () =>
  withFile(async (path) => {
    const writing = { possible: true };
    const file = new DirectFile(path, writing);
    const block = new BufferPool(65_536).take().fill("x");
    const written = await file.write(block, 0);
    await file.close();
    assert.equal(written, writing.possible);
    assert.deepEqual(await readFile(path), written ? block : Buffer.alloc(0));
  }));

test("a part of a block and a place between blocks are refused", () =>
  withFile(async (path) => {
    const file = new DirectFile(path, { possible: true });
    const block = new BufferPool(65_536).take();
    assert.equal(await file.write(block.subarray(0, 1000), 0), false);
    assert.equal(await file.write(block, 1000), false);
    await file.close();
    assert.deepEqual(await readFile(path), Buffer.alloc(0));
  }));

test("where the system refuses, it is not asked again", () =>
  withFile(async (path) => {
    const writing = { possible: true };
    const crooked = new BufferPool(65_536).take().subarray(1, 4097);
    const file = new DirectFile(path, writing);
    // Memory that does not begin at a page is what filesystems refuse; one that takes it has written it.
    assert.equal(await file.write(crooked, 0), writing.possible);
    await file.close();
    writing.possible = false;
    assert.equal(await new DirectFile(path, writing).write(new BufferPool(65_536).take(), 0), false);
  }));
