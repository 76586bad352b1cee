// Blobs are read again and compared with their digests: what is wrong is put aside,
// marked and announced, and the next push heals it.
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { blobPath, quarantinePath } from "../../src/blobs/paths.ts";
import { type DamagedBlob, Scrub, type ScrubItem, type ScrubOptions } from "../../src/maintenance/scrub.ts";
import { scrubKey } from "../../src/metadata/keeping-keys.ts";
import { blobKey, contentKey } from "../../src/metadata/keys.ts";
import { put, remove } from "../../src/metadata/metadata-store.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { withCore } from "../core/study.ts";
import { collect, someBytes, toArray } from "../support/byte-streams.ts";
import { findings, rows } from "./checking.ts";
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
const LARGE = someBytes(5_000_000);

function withImage(run: (study: DiskStudy, image: PushedImage) => Promise<void>): () => Promise<void> {
  return () =>
    withDisk({ deleteEnabled: true }, async (study) => {
      const image = await pushImage(study.core, APP, "one", { tags: ["latest"] });
      await pushImage(study.core, OTHER, "one");
      await run(study, image);
    });
}

async function scrub(
  { context }: DiskStudy,
  options: Partial<ScrubOptions> = {},
): Promise<readonly DamagedBlob[]> {
  const items: ScrubItem[] = await toArray(new Scrub(context).run({ rate: 0, ...options }));
  return items.filter((item) => item.kind === "damaged");
}

/** The superuser may open everything. */
async function asNobody(run: () => Promise<void>): Promise<void> {
  const isSuperuser = process.geteuid?.() === 0;
  if (isSuperuser) process.seteuid?.(65_534);
  try {
    await run();
  } finally {
    if (isSuperuser) process.seteuid?.(0);
  }
}

async function flip(path: string): Promise<void> {
  const content = await readFile(path);
  content[0] = (content[0] ?? 0) ^ 1;
  await writeFile(path, content);
}

const damages: Readonly<Record<string, readonly [(path: string) => Promise<void>, RegExp]>> = {
  "a flipped bit": [flip, /its \d+ bytes have digest sha256:/],
  "a blob cut off": [(path) => truncate(path, 3), /its 3 bytes have digest sha256:/],
  "a blob that is gone": [(path) => rm(path), /its bytes are gone/],
};

for (const [name, [damage, reason]] of Object.entries(damages)) {
  test(
    `${name} is found, named, never served as good, and healed by the next push`,
    withImage(async (study, { config }) => {
      const { core, context, root } = study;
      const { digest, size } = config;
      // Read before, so that it is remembered.
      await collect(context.blobs.read(config.digest, { offset: 0 }));
      await damage(blobPath(root, digest));
      const before = context.metadata.lastSequence();
      const [found, ...others] = await scrub(study);
      assert.deepEqual(others, []);
      assert.match(found?.reason ?? "", reason);
      const { reason: _, ...rest } = found ?? assert.fail();
      assert.deepEqual(rest, { kind: "damaged", digest, size, repositories: [OTHER, APP], repaired: false });
      const [announced] = await context.metadata.readEvents(before, 10);
      assert.deepEqual(announced?.event.fact, {
        kind: "blob_damaged",
        descriptor: { mediaType: "application/octet-stream", digest, size },
        repositories: [OTHER, APP],
      });
      for (const repository of [APP, OTHER])
        await assert.rejects(core.blobs.stat(repository, digest), { code: "BLOB_UNKNOWN" });
      await assert.rejects(core.blobs.mount({ repository: APP, digest, from: OTHER }, {}), {
        code: "BLOB_UNKNOWN",
      });
      await assert.rejects(collect(context.blobs.read(digest, { offset: 0 })), { code: "BLOB_UNKNOWN" });
      assert.deepEqual(await scrub(study), []);
      assert.deepEqual(
        (await findings(context)).map((finding) => [finding.what, finding.digest]),
        [["blob-damaged", digest]],
      );

      await pushBlob(core, APP, `{"seed":"one"}`);
      for (const repository of [APP, OTHER]) {
        const descriptor = await core.blobs.stat(repository, digest);
        const bytes = await collect(context.blobs.read(descriptor.digest, { offset: 0 }));
        assert.equal(digestOf(bytes), digest);
      }
      assert.equal((await context.metadata.get(blobKey(digest)))?.damageTime, undefined);
      assert.deepEqual(await scrub(study), []);
    }),
  );
}

test(
  "a directory in a blob's place is named, put aside, and the pass goes on",
  withImage(async (study, { config, layers }) => {
    const path = blobPath(study.root, config.digest);
    await rm(path);
    await mkdir(path);
    const found = await scrub(study);
    assert.deepEqual(
      found.map(({ digest, reason, repaired }) => [digest, reason, repaired]),
      [[config.digest, "is not a file", false]],
    );
    assert.equal((await study.context.metadata.get(scrubKey))?.blobs, 2 + layers.length);
    await pushBlob(study.core, APP, `{"seed":"one"}`);
    assert.deepEqual(await scrub(study), []);
  }),
);

test("a blob that cannot be opened is named, left as it is, and the pass goes on", () =>
  asNobody(
    withImage(async (study, { manifest, config }) => {
      const { context, root } = study;
      const path = blobPath(root, config.digest);
      await chmod(path, 0);
      const before = await rows(context.metadata);
      const found = await scrub(study);
      assert.deepEqual(found, [
        {
          kind: "damaged",
          digest: config.digest,
          size: config.size,
          reason: "cannot be opened: EACCES",
          repositories: [OTHER, APP],
          repaired: false,
        },
      ]);
      assert.equal((await context.metadata.get(scrubKey))?.damaged, 1);
      assert.deepEqual(await rows(context.metadata), before, "it may be good");
      await chmod(path, 0o644);
      assert.deepEqual(await scrub(study), []);

      await truncate(path, 3);
      await context.metadata.commit({ changes: [remove(contentKey(manifest.digest))] });
      await chmod(path, 0);
      await chmod(blobPath(root, manifest.digest), 0);
      const wrong = await findings(context, { repair: true });
      for (const digest of [config.digest, manifest.digest]) {
        const finding = wrong.find(({ detail, ...of }) => of.digest === digest && /EACCES/.test(detail));
        assert.equal(finding?.repaired, false, JSON.stringify(wrong));
      }
      assert.ok(await context.blobs.inspect(config.digest), "it stays where it is");
    }),
  ));

test(
  "wrong bytes are kept aside",
  withImage(async (study, { config }) => {
    await flip(blobPath(study.root, config.digest));
    const wrong = await readFile(blobPath(study.root, config.digest));
    await scrub(study);
    assert.ok((await readFile(quarantinePath(study.root, config.digest))).equals(wrong));
  }),
);

test(
  "a push heals a blob that is marked and still lies there with its wrong bytes",
  withImage(async ({ core, context, root }, { config, layers }) => {
    for (const [content, { digest }] of [
      [Buffer.from(`{"seed":"one"}`), config],
      [Buffer.from("the base layer"), layers[0] ?? assert.fail()],
      [LARGE, await pushBlob(core, APP, LARGE)],
    ] as const) {
      await flip(blobPath(root, digest));
      const record = await context.metadata.get(blobKey(digest));
      assert.ok(record);
      await context.metadata.commit({ changes: [put(blobKey(digest), { ...record, damageTime: 1 })] });
      await pushBlob(core, APP, content);
      assert.ok((await readFile(blobPath(root, digest))).equals(content));
      assert.ok(await core.blobs.stat(APP, digest));
    }
  }),
);

test(
  "a manifest is put right from the copy beside its card",
  withImage(async (study, { manifest }) => {
    const { core, context, root } = study;
    await flip(blobPath(root, manifest.digest));
    const [found] = await scrub(study);
    assert.equal(found?.digest, manifest.digest);
    assert.equal(found.repaired, true);
    assert.equal((await context.metadata.get(blobKey(manifest.digest)))?.damageTime, undefined);
    assert.equal(digestOf(await readFile(blobPath(root, manifest.digest))), manifest.digest);
    const reference = { kind: "digest", digest: manifest.digest } as const;
    assert.ok(await core.manifests.get(APP, reference, {}));
    assert.deepEqual(await scrub(study), []);
  }),
);

test(
  "a manifest without a good copy is marked, and pushing it again heals it",
  withImage(async (study, { manifest, config, layers }) => {
    const { core, context, root } = study;
    await context.metadata.commit({ changes: [remove(contentKey(manifest.digest))] });
    await flip(blobPath(root, manifest.digest));
    const [found] = await scrub(study);
    assert.equal(found?.repaired, false);
    await pushImage(core, APP, "one");
    assert.equal((await context.metadata.get(blobKey(manifest.digest)))?.damageTime, undefined);
    assert.equal(digestOf(await readFile(blobPath(root, manifest.digest))), manifest.digest);
    assert.equal(config.size + layers.length > 0, true);
    assert.deepEqual(await findings(context), []);
  }),
);

test(
  "a pass goes on where it was interrupted, and the next one begins anew",
  withImage(async (study) => {
    const { context, core } = study;
    for (let index = 0; index < 10; index++) await pushBlob(core, APP, `blob ${index}`);
    const digests = (await context.metadata.page({ text: "b/" }, { limit: 100 })).map(({ name }) => name);
    const last = digests.at(-1) as Digest;
    const middle = digests[Math.floor(digests.length / 2)] as Digest;
    await rm(blobPath(study.root, middle));
    await rm(blobPath(study.root, last));
    const seen: Digest[] = [];
    for await (const item of new Scrub(context).run({ rate: 0 })) {
      if (item.kind !== "damaged") continue;
      seen.push(item.digest);
      break;
    }
    const kept = await context.metadata.get(scrubKey);
    assert.equal(kept?.after, middle);
    assert.equal(kept.endTime, undefined);
    assert.equal(kept.damaged, 1);
    assert.equal(kept.blobs, digests.indexOf(middle) + 1);
    seen.push(...(await scrub(study)).map(({ digest }) => digest));
    assert.deepEqual(seen, [middle, last]);
    const ended = await context.metadata.get(scrubKey);
    assert.equal(ended?.blobs, digests.length);
    assert.ok(ended?.endTime);
    await scrub(study);
    assert.equal((await context.metadata.get(scrubKey))?.blobs, digests.length - 2);
  }),
);

test(
  "a pass ends with its signal, within a blob too, and keeps its place",
  withImage(async ({ context, core }) => {
    await pushBlob(core, APP, LARGE);
    const controller = new AbortController();
    const begun = performance.now();
    setTimeout(() => controller.abort(), 100);
    // 300 kB of 5 MB are allowed in that time.
    await toArray(new Scrub(context).run({ rate: 3_000_000 }, controller.signal));
    assert.ok(performance.now() - begun < 5000);
    const kept = await context.metadata.get(scrubKey);
    assert.ok(kept);
    assert.equal(kept.endTime, undefined);
  }),
);

test("stores in memory are read again too", () =>
  withCore({}, async ({ core, context }) => {
    const { digest } = await pushBlob(core, APP, "right");
    await context.blobs.put(digest, Buffer.from("wrong"));
    const items = await toArray(new Scrub(context).run({ rate: 0 }));
    assert.deepEqual(
      items.flatMap((item) => (item.kind === "damaged" ? [item.digest] : [])),
      [digest],
    );
    await pushBlob(core, APP, "right");
    assert.equal(Buffer.from((await context.blobs.get(digest)) ?? "").toString(), "right");
  }));

test("a registry that only reads is told of damage and left as it is", () =>
  withDisk({ readOnly: true }, async (study) => {
    const { digest } = await pushBlob(study.core, APP, "right");
    await flip(blobPath(study.root, digest));
    const before = await rows(study.context.metadata);
    const [found] = await scrub(study);
    assert.equal(found?.digest, digest);
    assert.equal(found.repaired, false);
    assert.deepEqual(await rows(study.context.metadata), before);
    assert.equal(await study.context.metadata.get(scrubKey), undefined);
  }));

test(
  "the rate is kept",
  withImage(async (study) => {
    await pushBlob(study.core, APP, someBytes(600_000));
    const begun = performance.now();
    await scrub(study, { rate: 1_000_000 });
    const seconds = (performance.now() - begun) / 1000;
    assert.ok(seconds > 0.5 && seconds < 10, `${seconds} s`);
  }),
);

test(
  "a blob that somebody is placing, or that is put right meanwhile, is not called damaged",
  withImage(async (study, { config }) => {
    const { context, root } = study;
    const path = blobPath(root, config.digest);
    const content = await readFile(path);
    await flip(path);
    const release = await context.holds.share(config.digest);
    assert.deepEqual(await scrub(study), []);
    release();
    const read = context.blobs.readStored.bind(context.blobs);
    let reads = 0;
    const blobs = new Proxy(context.blobs, {
      get: (target, name) => {
        if (name !== "readStored") {
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? member.bind(target) : member;
        }
        return async function* (digest: Digest, signal?: AbortSignal) {
          yield* read(digest, signal);
          if (digest === config.digest && ++reads === 2) await writeFile(path, content);
        };
      },
    });
    const items = await toArray(new Scrub({ ...context, blobs }).run({ rate: 0 }));
    assert.deepEqual(
      items.filter((item) => item.kind === "damaged"),
      [],
    );
    assert.ok(reads >= 2);
  }),
);
