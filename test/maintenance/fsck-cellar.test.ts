// Catalogue and cellar on a disk: files that are gone, short, too many, or of nobody.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { blobPath, quarantinePath } from "../../src/blobs/paths.ts";
import { blobKey, contentKey } from "../../src/metadata/keys.ts";
import { put, remove, sum } from "../../src/metadata/metadata-store.ts";
import { storedKey } from "../../src/metadata/usage-keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { collect, inChunks, toArray } from "../support/byte-streams.ts";
import { findings } from "./checking.ts";
import {
  type DiskStudy,
  type PushedImage,
  pushBlob,
  pushImage,
  repositoryName,
  withDisk,
} from "./pushing.ts";

const APP = repositoryName("team/app");
const OTHER = repositoryName("other");
const UPLOAD = "0198c5a2-7f3e-7aaa-8000-000000000001";
const HOUR_MS = 60 * 60 * 1000;

function withImage(run: (study: DiskStudy, image: PushedImage) => Promise<void>): () => Promise<void> {
  return () =>
    withDisk({ deleteEnabled: true }, async (study) => {
      const image = await pushImage(study.core, APP, "one", { tags: ["latest"] });
      await pushImage(study.core, OTHER, "one");
      await run(study, image);
    });
}

const wrongs = {
  "blob-missing": (path: string) => rm(path),
  "blob-damaged": (path: string) => truncate(path, 3),
} as const;

for (const [what, damage] of Object.entries(wrongs)) {
  test(
    `${what}: it is marked, announced, and healed by the next push`,
    withImage(async ({ core, context, root }, { config }) => {
      const { digest } = config;
      await damage(blobPath(root, digest));
      const [found, ...others] = await findings(context);
      assert.deepEqual(others, []);
      assert.equal(found?.what, what);
      assert.equal(found?.digest, digest);
      const before = context.metadata.lastSequence();
      const [marked] = await findings(context, { repair: true });
      assert.match(marked?.detail ?? "", /it is marked now/);
      const [announced] = await context.metadata.readEvents(before, 10);
      assert.equal(announced?.event.fact.kind, "blob_damaged");
      assert.deepEqual(announced.event.fact.repositories, [OTHER, APP]);
      const [known, ...more] = await findings(context, { repair: true });
      assert.deepEqual(more, []);
      assert.deepEqual([known?.what, known?.digest, known?.repaired], ["blob-damaged", digest, false]);
      assert.match(
        known?.detail ?? "",
        /^its bytes were found to be wrong or gone at \d{4}-.*Z; used by other, team\/app; push an image that has it again$/,
      );
      await assert.rejects(core.blobs.stat(APP, digest), { code: "BLOB_UNKNOWN" });
      await pushBlob(core, APP, `{"seed":"one"}`);
      const descriptor = await core.blobs.stat(APP, digest);
      const bytes = collect(context.blobs.read(descriptor.digest, { offset: 0 }));
      assert.equal(digestOf(await bytes), digest);
      assert.deepEqual(await findings(context), []);
    }),
  );

  test(
    `${what}: a manifest gets its bytes back from the catalogue`,
    withImage(async ({ context, root }, { manifest }) => {
      const path = blobPath(root, manifest.digest);
      const content = await readFile(path);
      await damage(path);
      const [found] = await findings(context, { repair: true });
      assert.equal(found?.what, what);
      assert.equal(found?.repaired, true);
      assert.ok((await readFile(path)).equals(content));
      assert.equal((await context.metadata.get(blobKey(manifest.digest)))?.damageTime, undefined);
      assert.deepEqual(await findings(context), []);
    }),
  );
}

test(
  "a marked blob whose file is back is healed by a repair, and only if its bytes are right",
  withImage(async ({ core, context, root }, { config }) => {
    const path = blobPath(root, config.digest);
    const content = await readFile(path);
    await rm(path);
    await findings(context, { repair: true });
    await writeFile(path, Buffer.alloc(content.length, "x"));
    const [wrong] = await findings(context, { repair: true });
    assert.deepEqual([wrong?.what, wrong?.repaired], ["blob-damaged", false]);
    await writeFile(path, content);
    assert.equal((await findings(context))[0]?.what, "blob-damaged", "without repair the mark stays");
    const [healed] = await findings(context, { repair: true });
    assert.deepEqual([healed?.what, healed?.repaired], ["blob-damaged", true]);
    assert.deepEqual(await findings(context), []);
    assert.equal((await core.blobs.stat(APP, config.digest)).size, content.length);
  }),
);

test(
  "a marked blob that nothing holds is no finding",
  withImage(async ({ context }) => {
    const digest = digestOf(Buffer.from("held by nothing"));
    await context.metadata.commit({
      changes: [
        put(blobKey(digest), { size: 15, createTime: 1, damageTime: 1 }),
        sum(storedKey, { blobs: 1, bytes: 15 }),
      ],
    });
    const found = await findings(context);
    assert.deepEqual(
      found.filter(({ what }) => what !== "due-missing"),
      [],
    );
  }),
);

test(
  "a directory in a blob's place is put aside, and the next push heals the blob",
  withImage(async ({ core, context, root }, { config }) => {
    const { digest } = config;
    const path = blobPath(root, digest);
    for (let time = 0; time < 2; time++) {
      await rm(path);
      await mkdir(path);
      await writeFile(join(path, "file"), "x");
      const [found, ...others] = await findings(context);
      assert.deepEqual(others, []);
      assert.deepEqual([found?.what, found?.digest], ["blob-damaged", digest]);
      assert.match(found?.detail ?? "", /^is not a file; /);
      const [marked] = await findings(context, { repair: true });
      assert.match(marked?.detail ?? "", /it is marked now/);
      await pushBlob(core, APP, `{"seed":"one"}`);
      assert.deepEqual(await findings(context), []);
    }
  }),
);

test(
  "directories with names of uploads and blobs of nobody are strays, and stay",
  withImage(async ({ context, root }) => {
    const digest = digestOf(Buffer.from("nobody pushed this"));
    const paths = [blobPath(root, digest), join(root, "uploads", UPLOAD), join(root, "tmp", "1")];
    for (const path of paths) await mkdir(join(path, "inner"), { recursive: true });
    assert.deepEqual(await toArray(context.uploads.list()), []);
    for (const options of [{}, { repair: true }, { repair: true, graceMs: HOUR_MS }]) {
      const found = await findings(context, { graceMs: -1000, ...options });
      assert.deepEqual(new Set(found.map(({ what }) => what)), new Set(["stray-file"]));
      for (const path of paths) {
        const stray = found.find(({ detail }) => detail.includes(relative(root, path)));
        assert.match(stray?.detail ?? "", /is not a file; look at it, and remove it by hand$/);
        assert.equal(stray?.repaired, false);
      }
    }
  }),
);

test(
  "short bytes are put aside, not thrown away",
  withImage(async ({ context, root }, { config }) => {
    await truncate(blobPath(root, config.digest), 3);
    await findings(context, { repair: true });
    assert.equal((await readFile(quarantinePath(root, config.digest))).length, 3);
  }),
);

test(
  "a record with the wrong size is put right by the bytes",
  withImage(async ({ context }, { config }) => {
    const record = await context.metadata.get(blobKey(config.digest));
    assert.ok(record);
    await context.metadata.commit({ changes: [put(blobKey(config.digest), { ...record, size: 1 })] });
    const found = await findings(context, { repair: true });
    assert.ok(
      found.length > 0 && found.every(({ what, repaired }) => what === "blob-size-wrong" && repaired),
    );
    assert.deepEqual(await context.metadata.get(blobKey(config.digest)), record);
    assert.deepEqual(await findings(context), []);
  }),
);

test(
  "bytes that no record mentions are removed once they are old enough",
  withImage(async ({ context, root, clock }) => {
    const content = Buffer.from("left by a crash");
    const digest = digestOf(content);
    await context.blobs.put(digest, content);
    assert.deepEqual(await findings(context, { repair: true, graceMs: HOUR_MS }), []);
    clock.time += 2 * HOUR_MS;
    const release = await context.holds.share(digest);
    assert.deepEqual(await findings(context, { repair: true, graceMs: HOUR_MS }), []);
    release();
    const [found] = await findings(context, { graceMs: HOUR_MS });
    assert.equal(found?.what, "blob-unclaimed");
    assert.equal(await context.blobs.stat(digest), content.length);
    const [removed] = await findings(context, { repair: true, graceMs: HOUR_MS });
    assert.equal(removed?.repaired, true);
    assert.equal(await context.blobs.inspect(digest), undefined);
    await assert.rejects(readFile(blobPath(root, digest)), { code: "ENOENT" });
  }),
);

test(
  "strays are removed once they are old enough, but for directories with something in them",
  withImage(async ({ context, root }) => {
    const old = new Date(Date.now() - HOUR_MS);
    const stray = join(root, "blobs", "sha256", "README");
    await mkdir(join(root, "uploads", "Theirs"));
    await writeFile(join(root, "uploads", "Theirs", "file"), "x");
    await writeFile(stray, "x");
    await utimes(stray, old, old);
    const young = await findings(context, { repair: true, graceMs: 1000 * HOUR_MS });
    assert.deepEqual(
      young.map(({ detail }) => detail),
      ['"uploads/Theirs" is not a file; look at it, and remove it by hand'],
    );
    const found = await findings(context, { repair: true, graceMs: -1000 });
    assert.deepEqual(
      found.map(({ what, repaired }) => ({ what, repaired })),
      [
        { what: "stray-file", repaired: true },
        { what: "stray-file", repaired: false },
      ],
    );
    assert.deepEqual(await readdir(dirname(stray)).then((names) => names.includes("README")), false);
  }),
);

test(
  "without the cellar no file is missed",
  withImage(async ({ context, root }, { config }) => {
    await rm(blobPath(root, config.digest));
    assert.deepEqual(await findings(context, { cellar: false }), []);
  }),
);

test(
  "a manifest whose copy is gone is read from the cellar, and its copy is made from there when it is wrong",
  withImage(async ({ context }, { manifest }) => {
    const key = contentKey(manifest.digest);
    const content = await context.metadata.get(key);
    assert.ok(content);
    await context.metadata.commit({ changes: [remove(key)] });
    assert.deepEqual(await findings(context), []);
    await context.metadata.commit({ changes: [put(key, Buffer.from("{}"))] });
    const [found] = await findings(context, { repair: true });
    assert.equal(found?.what, "manifest-copy-wrong");
    assert.deepEqual(Buffer.from((await context.metadata.get(key)) ?? ""), Buffer.from(content));
  }),
);

test(
  "a session that is being written to is no finding",
  withImage(async ({ core, context }) => {
    const { id } = await core.uploads.create(APP);
    await core.uploads.write({ repository: APP, id }, {}, inChunks(Buffer.from("half"), 4));
    assert.deepEqual(await toArray(context.uploads.list()), [id]);
    assert.deepEqual(await findings(context, { repair: true }), []);
  }),
);
