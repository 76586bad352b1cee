// A snapshot is the catalogue of one moment, and whatever is not a whole one is refused.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { blobPath } from "../../src/blobs/paths.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Restore, type RestoreItem } from "../../src/maintenance/backup/restore.ts";
import { Snapshot } from "../../src/maintenance/backup/snapshot.ts";
import { consumerKey, signingKeysKey } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { blobOf, pushImage, REPOSITORY } from "../core/pictures.ts";
import { has } from "../core/study.ts";
import { expectClean, inFolder, type OpenRegistry, rowsOf, withRegistry } from "./registry-folder.ts";

const OPTIONS = { withSecrets: true, now: () => 1_700_000_000_000, version: "test" };

async function take({ context }: OpenRegistry, options: Partial<typeof OPTIONS> = {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of Snapshot.take(context.metadata, { ...OPTIONS, ...options }))
    if (part.kind === "chunk") parts.push(part.bytes);
  return Buffer.concat(parts);
}

async function* inPieces(bytes: Buffer, size = 1000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function restore(
  root: string,
  bytes: Buffer,
  { moveAside = true, signal }: { moveAside?: boolean; signal?: AbortSignal } = {},
): Promise<RestoreItem[]> {
  const items: RestoreItem[] = [];
  const options = { source: inPieces(bytes), root, moveAside, now: Date.now, graceMs: 1000 };
  for await (const item of Restore.run(options, signal)) items.push(item);
  return items;
}

function last(items: readonly RestoreItem[]) {
  const item = items.at(-1);
  assert.ok(item?.kind === "finished");
  return item;
}

test("what was there at the snapshot is there again, and nothing later", () =>
  inFolder(async (root) => {
    const { bytes, before } = await withRegistry({ root }, async (registry) => {
      await pushImage(registry.core, ["one"], { tags: ["v1", "latest"] });
      const bytes = await take(registry);
      const before = await rowsOf(registry.context.metadata);
      await pushImage(registry.core, ["two"], { tags: ["latest"] });
      return { bytes, before };
    });
    const items = await restore(root, bytes);
    assert.deepEqual(last(items).missing, 0);
    // A layer, a config, a manifest.
    assert.equal(last(items).unknown.blobs, 3);
    await withRegistry({ root }, async (registry) => {
      const after = await rowsOf(registry.context.metadata);
      const isState = (key: string) => !/^[es]\//.test(key);
      assert.deepEqual(
        [...after].filter(([key]) => isState(key)),
        [...before].filter(([key]) => isState(key)),
      );
      assert.equal([...after.keys()].filter((key) => key.startsWith("e/")).length, 6);
      await expectClean(registry, ["blob-unclaimed"]);
      await pushImage(registry.core, ["two"], { tags: ["latest"] });
    });
    const kept = (await readdir(root)).filter((name) => name.startsWith("metadata."));
    assert.match(kept.join(), /^metadata\.broken-\d{8}T\d{9}Z$/);
  }));

test("a snapshot is of one moment although others write on", () =>
  inFolder((root) =>
    withRegistry({ root }, async (registry) => {
      let isDone = false;
      let pushed = 0;
      const pushing = (async () => {
        while (!isDone) await pushImage(registry.core, [`layer ${pushed++}`], { tags: [`v${pushed}`] });
      })();
      while (pushed < 3) await wait(10);
      const bytes = await take(registry);
      isDone = true;
      await pushing;
      await inFolder(async (other) => {
        await restore(other, bytes);
        // Its blobs are elsewhere; the cards must agree with each other.
        await withRegistry({ root: other }, (restored) => expectClean(restored, ["blob-missing"]));
      });
    }),
  ));

test("nothing that was cut or changed is put in place", () =>
  inFolder(async (root) => {
    const bytes = await withRegistry({ root }, async (registry) => {
      await pushImage(registry.core, ["one"], { tags: ["v1"] });
      return take(registry);
    });
    await rm(join(root, "metadata"), { recursive: true });
    const cuts = [0, 1, 20, bytes.indexOf(10), bytes.indexOf(10) + 1, bytes.indexOf(10) + 3];
    for (let at = bytes.indexOf(10); at < bytes.length; at += 97) cuts.push(at);
    cuts.push(...[100, 60, 20, 5, 1].map((back) => bytes.length - back));
    for (const cut of cuts)
      await assert.rejects(restore(root, bytes.subarray(0, cut)), /snapshot cannot be used/, `cut at ${cut}`);
    for (let at = 0; at < bytes.length; at += 41) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
      await assert.rejects(restore(root, flipped), /snapshot cannot be used/, `flipped at ${at}`);
    }
    await assert.rejects(restore(root, Buffer.concat([bytes, bytes])), /goes on behind its end/);
    await assert.rejects(restore(root, Buffer.from("not a snapshot\n")), /not a snapshot of Stowage/);
    assert.ok(!(await readdir(root)).includes("metadata"));
    await restore(root, bytes);
    await withRegistry({ root }, (registry) => expectClean(registry));
  }));

test("a snapshot of a later version is refused by name", () =>
  inFolder(async (root) => {
    const bytes = await withRegistry({ root }, (registry) => take(registry));
    const later = Buffer.from(bytes.toString("latin1").replace('"version":1', '"version":2'), "latin1");
    await assert.rejects(restore(root, later), /version 2; this version of Stowage reads version 1/);
  }));

test("a catalogue that can be read stays, unless it may be moved aside", () =>
  inFolder(async (root) => {
    const bytes = await withRegistry({ root }, async (registry) => {
      await pushImage(registry.core, ["one"], { tags: ["v1"] });
      const bytes = await take(registry);
      await assert.rejects(restore(root, bytes), /is in use/);
      return bytes;
    });
    await assert.rejects(restore(root, bytes, { moveAside: false }), /--move-aside/);
    await withRegistry({ root }, (registry) => expectClean(registry));
  }));

test("an interrupted restore changes nothing, and goes well the next time", () =>
  inFolder(async (root) => {
    const bytes = await withRegistry({ root }, async (registry) => {
      await pushImage(registry.core, ["one"], { tags: ["v1"] });
      return take(registry);
    });
    const signal = AbortSignal.abort();
    await assert.rejects(restore(root, bytes, { signal }), { name: "AbortError" });
    await withRegistry({ root }, (registry) => expectClean(registry));
    await restore(root, bytes);
    await withRegistry({ root }, (registry) => expectClean(registry));
  }));

test("blobs that are gone are named with who needs them", () =>
  inFolder(async (root) => {
    const { bytes, image } = await withRegistry({ root }, async (registry) => {
      const image = await pushImage(registry.core, ["one", "two"], { tags: ["v1"] });
      return { bytes: await take(registry), image };
    });
    await unlink(blobPath(root, blobOf("one")));
    await writeFile(blobPath(root, blobOf("two")), "x");
    const missing = (await restore(root, bytes)).filter((item) => item.kind === "missing");
    const expected = [
      { digest: blobOf("one"), size: 3, truncated: false },
      { digest: blobOf("two"), size: 3, actualSize: 1, truncated: false },
    ];
    const users = [
      { repository: REPOSITORY, tags: [] },
      { repository: REPOSITORY, manifest: image.digest, tags: ["v1"] },
    ];
    assert.deepEqual(
      missing.toSorted((a, b) => (a.digest === blobOf("one") ? -1 : b.digest === a.digest ? 0 : 1)),
      expected.map((blob) => ({ kind: "missing", ...blob, usedBy: users })),
    );
  }));

test("cursors from before have expired, and the registry's own consumers go on", () =>
  inFolder(async (root) => {
    const { bytes, newest } = await withRegistry({ root }, async (registry) => {
      const { core, context } = registry;
      await pushImage(core, ["one"], { tags: ["v1"] });
      await core.consumers.create("reader", { kind: "start" });
      await core.consumers.acknowledge("reader", 2);
      const bytes = await take(registry);
      await pushImage(core, ["two"], { tags: ["v1"] });
      return { bytes, newest: context.metadata.lastSequence() };
    });
    let before = newest;
    // Also when the same snapshot comes back a second time.
    for (const round of [1, 2]) {
      await restore(root, bytes);
      before = await withRegistry({ root }, async ({ core, context: { metadata } }) => {
        const trimmed = metadata.trimmedSequence();
        assert.ok(trimmed >= before, `round ${round}: ${trimmed} must be past ${before}`);
        for (const sequence of [1, newest, before].filter((one) => one < trimmed))
          await assert.rejects(core.events.resolve({ kind: "after", sequence }), has("CURSOR_EXPIRED"));
        const record = await metadata.get(consumerKey("reader"));
        assert.equal(record?.sequence, trimmed + 2);
        const events = await core.events.read(record.sequence, 100);
        assert.equal(events[0]?.sequence, trimmed + 3);
        await pushImage(core, ["three"], { tags: ["v3"] });
        return metadata.lastSequence();
      });
      await wait(2);
    }
  }));

test("without secrets, keys that sign and tokens stay behind", () =>
  inFolder(async (root) => {
    const bytes = await withRegistry({ root }, async (registry) => {
      const keys = ["a/1", "i/1", "o/me\0x", "v/1", "j/me", "n/access-tokens/me"].map((text) => ({ text }));
      const changes = keys.map((key) => put<unknown>(key, key.text.startsWith("o/") ? Buffer.alloc(0) : 1));
      await registry.context.metadata.commit({ changes: [...changes, put(signingKeysKey, { keys: [] })] });
      await pushImage(registry.core, ["one"]);
      return take(registry, { withSecrets: false });
    });
    await restore(root, bytes);
    await withRegistry({ root }, async ({ context }) => {
      const rows = await rowsOf(context.metadata);
      assert.deepEqual(
        [...rows.keys()].filter((key) => /^[yaiovj]\/|^n\/access/.test(key)),
        [],
      );
      await context.blobs.stat(blobOf("one"));
    });
  }));

test("a snapshot is much smaller than what it holds, and says what it is", () =>
  inFolder((root) =>
    withRegistry({ root }, async (registry) => {
      for (let n = 0; n < 30; n++) await pushImage(registry.core, [`layer ${n}`], { tags: [`v${n}`] });
      const bytes = await take(registry);
      const header = JSON.parse(bytes.toString("utf8", 0, bytes.indexOf(10)));
      assert.deepEqual(
        [header.magic, header.catalogueFormat, header.lastSequence, header.stowage],
        ["stowage-snapshot", "3", registry.context.metadata.lastSequence(), "test"],
      );
      const written = await stat(join(root, "metadata"));
      assert.ok(written.isDirectory());
      await registry.core.manifests.stat(REPOSITORY, { kind: "tag", tag: "v1" as never }, NOBODY);
    }),
  ));

for (const format of ["1", "2"])
  test(`a snapshot of format ${format} is brought up to date when it comes back`, () =>
    inFolder(async (directory) => {
      const [old, root] = [join(directory, "old"), join(directory, "new")];
      const packed = await readFile(join(import.meta.dirname, "fixtures", `format-${format}.json.gz`));
      const files: Record<string, string> = JSON.parse(gunzipSync(packed).toString());
      for (const [path, content] of Object.entries(files)) {
        for (const folder of path.startsWith("metadata/") ? [old] : [old, root]) {
          await mkdir(dirname(join(folder, path)), { recursive: true });
          await writeFile(join(folder, path), Buffer.from(content, "base64"));
        }
      }
      const bytes = await withRegistry({ root: old }, async (registry) => {
        const rows = await rowsOf(registry.context.metadata);
        assert.equal(rows.get("x/format"), format);
        return take(registry);
      });
      await restore(root, bytes);
      await withRegistry({ root }, async (registry) => {
        assert.equal((await rowsOf(registry.context.metadata)).get("x/format"), "3");
        await expectClean(registry, ["blob-unclaimed"]);
      });
    }));
