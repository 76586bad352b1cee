// Files of others become blobs only when they are what they are said to be, however they get here.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { blobPath, temporaryDirectory } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { has } from "../core/study.ts";
import { someBytes } from "../support/byte-streams.ts";
import { openTemporaryStores } from "../support/filesystem-stores.ts";
import { SmallDisk, whyNoSmallDisk } from "../support/small-disk.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const CONTENT = someBytes(3_000_001);
const DIGEST = digestOf(CONTENT);
const PLAIN = { copy: false, verify: false };

/** Stores, and a file that is not theirs. */
async function withFile(
  run: (place: { stores: Awaited<ReturnType<typeof openTemporaryStores>>; source: string }) => Promise<void>,
): Promise<void> {
  const directory = await makeTemporaryDirectory();
  const source = join(directory, "data");
  await writeFile(source, CONTENT);
  const root = join(directory, "stores");
  await mkdir(root);
  try {
    await using stores = await openTemporaryStores(root);
    await run({ stores, source });
    assert.deepEqual(await readdir(temporaryDirectory(stores.root)), []);
  } finally {
    await removeTemporaryDirectory(directory);
  }
}

test("a file becomes a blob by a hard link, which the file's removal does not touch", () =>
  withFile(async ({ stores, source }) => {
    const adopted = await stores.adopter.adopt({ source, digest: DIGEST, ...PLAIN });
    assert.deepEqual(adopted, { size: CONTENT.length, how: "linked" });
    const here = blobPath(stores.root, DIGEST);
    assert.equal((await stat(here)).ino, (await stat(source)).ino);
    await rm(source);
    assert.ok((await readFile(here)).equals(CONTENT));
    assert.equal(await stores.blobs.stat(DIGEST), CONTENT.length);
  }));

test("a copy is a file of its own", () =>
  withFile(async ({ stores, source }) => {
    const adopted = await stores.adopter.adopt({ source, digest: DIGEST, copy: true, verify: false });
    assert.equal(adopted.how, "copied");
    await writeFile(source, "changed");
    assert.ok((await readFile(blobPath(stores.root, DIGEST))).equals(CONTENT));
  }));

test("of a symbolic link, what it leads to is copied", () =>
  withFile(async ({ stores, source }) => {
    const link = `${source}.link`;
    await symlink("data", link);
    const adopted = await stores.adopter.adopt({ source: link, digest: DIGEST, ...PLAIN });
    assert.equal(adopted.how, "copied");
    assert.ok((await stat(blobPath(stores.root, DIGEST))).isFile());
  }));

test("what is here is not read again, unless it shall be", () =>
  withFile(async ({ stores, source }) => {
    const adoption = { source, digest: DIGEST };
    await stores.adopter.adopt({ ...adoption, copy: true, verify: false });
    const here = blobPath(stores.root, DIGEST);
    const damaged = Uint8Array.from(CONTENT).fill(0, 100, 200);
    await writeFile(here, damaged);
    assert.equal((await stores.adopter.adopt({ ...adoption, ...PLAIN })).how, "present");
    assert.equal((await stores.adopter.adopt({ ...adoption, copy: true, verify: true })).how, "copied");
    assert.ok((await readFile(here)).equals(CONTENT));
    assert.equal((await stores.adopter.adopt({ ...adoption, copy: true, verify: true })).how, "present");
  }));

test("a blob of the wrong size is replaced", () =>
  withFile(async ({ stores, source }) => {
    await stores.adopter.adopt({ source, digest: DIGEST, copy: true, verify: false });
    await writeFile(blobPath(stores.root, DIGEST), "short");
    assert.equal((await stores.adopter.adopt({ source, digest: DIGEST, ...PLAIN })).how, "linked");
  }));

test("a file with other bytes is refused and leaves nothing", () =>
  withFile(async ({ stores, source }) => {
    const digest = digestOf(Buffer.from("something else"));
    for (const copy of [false, true])
      await assert.rejects(
        stores.adopter.adopt({ source, digest, copy, verify: false }),
        has("DIGEST_INVALID"),
      );
    assert.equal(await stores.blobs.stat(digest), undefined);
  }));

test("a file that is not there is ENOENT", () =>
  withFile(async ({ stores, source }) => {
    const adoption = { source: `${source}.gone`, digest: DIGEST, ...PLAIN };
    await assert.rejects(stores.adopter.adopt(adoption), { code: "ENOENT" });
  }));

test("closing breaks off what is under way; afterwards it goes on", () =>
  withFile(async ({ stores, source }) => {
    const adoptions = ["sha256", "sha512"].map((name) =>
      stores.adopter.adopt({
        source,
        digest: digestOf(CONTENT, name === "sha512" ? "sha512" : "sha256"),
        copy: true,
        verify: false,
      }),
    );
    const ends = Promise.allSettled(adoptions);
    await stores.adopter.close();
    await ends;
    const { how } = await stores.adopter.adopt({ source, digest: DIGEST, copy: true, verify: false });
    assert.ok(how === "copied" || how === "present");
  }));

describe("another disk", { skip: whyNoSmallDisk() }, () => {
  test("is copied to", () =>
    withDisk(async ({ disk, source }) => {
      const stores = await openFilesystemStores({ root: join(disk.path, "stores"), now: Date.now });
      const { how } = await stores.adopter.adopt({ source, digest: DIGEST, ...PLAIN });
      assert.equal(how, "copied");
      await stores.adopter.close();
      await stores.blobs.close();
    }));

  test("that is full is said to be, and nothing is left on it", () =>
    withDisk(async ({ disk, source }) => {
      const root = join(disk.path, "stores");
      const stores = await openFilesystemStores({ root, now: Date.now });
      await disk.fillUp(1_000_000);
      await assert.rejects(
        stores.adopter.adopt({ source, digest: DIGEST, ...PLAIN }),
        has("INSUFFICIENT_STORAGE"),
      );
      assert.deepEqual(await readdir(temporaryDirectory(root)), []);
      await stores.adopter.close();
      await stores.blobs.close();
    }));
});

async function withDisk(run: (place: { disk: SmallDisk; source: string }) => Promise<void>): Promise<void> {
  const directory = await makeTemporaryDirectory();
  try {
    const source = join(directory, "data");
    await writeFile(source, CONTENT);
    await run({ disk: await SmallDisk.mount(directory, 16), source });
  } finally {
    await removeTemporaryDirectory(directory);
  }
}
