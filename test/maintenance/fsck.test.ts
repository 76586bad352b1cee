// A registry made by real pushes is damaged by hand, one thing at a time: each is
// found, named and repaired, and what was there before is there again.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { FindingKind } from "../../src/maintenance/fsck/fsck.ts";
import {
  contentsKey,
  due,
  heldKey,
  linkHolderKey,
  manifestHolderKey,
  namedKey,
  openUploadsKey,
  pullsKey,
  trashKey,
  untaggedKey,
} from "../../src/metadata/keeping-keys.ts";
import {
  accessTokenCountKey,
  blobKey,
  closedUploadKey,
  consumerCountKey,
  consumersOfKey,
  contentKey,
  linkKey,
  manifestCountKey,
  manifestKey,
  manifestTagKey,
  referrerKey,
  repositoryKey,
  tagKey,
  uploadKey,
} from "../../src/metadata/keys.ts";
import { add, type Change, put, remove, sum } from "../../src/metadata/metadata-store.ts";
import { storedKey, usageBelowKey, usageKey } from "../../src/metadata/usage-keys.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { SCHEMA_1_SIGNED } from "../../src/oci/media-types.ts";
import { type Study, withCore } from "../core/study.ts";
import { inChunks } from "../support/byte-streams.ts";
import { payloadOf, schema1, signedBy } from "../support/signed-manifests.ts";
import { findings, rows } from "./checking.ts";
import { type PushedImage, pushBlob, pushImage, pushIndex, repositoryName, tagName } from "./pushing.ts";

const APP = repositoryName("team/app");
const OTHER = repositoryName("other");
const NOWHERE = repositoryName("team");
const NOTHING = Buffer.alloc(0);
const STRANGER = digestOf(Buffer.from("nobody pushed this"));
const UPLOAD = "0198c5a2-7f3e-7aaa-8000-000000000001";

interface Registry extends Study {
  readonly one: PushedImage;
  readonly two: PushedImage;
  readonly index: Descriptor;
  readonly signature: PushedImage;
  readonly gone: PushedImage;
  readonly lonely: Descriptor;
}

async function withRegistry(run: (registry: Registry) => Promise<void>): Promise<void> {
  await withCore({ deleteEnabled: true }, async (study) => {
    const { core } = study;
    const one = await pushImage(core, APP, "one", { tags: ["latest"] });
    const two = await pushImage(core, APP, "two", { tags: ["latest", "v2"] });
    const index = await pushIndex(core, APP, [one.manifest, two.manifest], ["multi"]);
    const about = { artifactType: "application/x.sig", subject: one.manifest, annotations: { by: "me" } };
    const signature = await pushImage(core, APP, "signature", about);
    const gone = await pushImage(core, OTHER, "gone", { tags: ["old"] });
    await core.manifests.delete(OTHER, gone.manifest.digest, {});
    const lonely = await pushBlob(core, APP, "no manifest names this");
    await core.uploads.create(OTHER);
    await core.consumers.create("mirror", { kind: "now" }, { id: "alice", isAdmin: false });
    await run({ ...study, one, two, index, signature, gone, lonely });
  });
}

interface Damage {
  readonly name: string;
  readonly changes: (registry: Registry) => Promise<readonly Change[]> | readonly Change[];
  readonly what: FindingKind;
  /** False: the repair leaves something else than what was there before. */
  readonly restores?: false;
}

async function changed<R extends object>(
  { context }: Registry,
  key: Parameters<typeof put<R>>[0],
  change: Partial<R>,
): Promise<readonly Change[]> {
  const record = await context.metadata.get(key);
  assert.ok(record);
  return [put(key, { ...record, ...change })];
}

const DAMAGES: readonly Damage[] = [
  {
    name: "a repository's record is gone",
    what: "repository-missing",
    changes: () => [remove(repositoryKey(APP))],
  },
  {
    name: "the copy of a manifest has other bytes",
    what: "manifest-copy-wrong",
    changes: ({ one }) => [put(contentKey(one.manifest.digest), Buffer.from("{}"))],
  },
  {
    name: "a manifest's card has another size",
    what: "manifest-card-wrong",
    changes: (registry) => changed(registry, manifestKey(APP, registry.index.digest), { size: 5 }),
  },
  {
    name: "a manifest's card has lost its subject",
    what: "manifest-card-wrong",
    changes: async ({ context, signature }) => {
      const key = manifestKey(APP, signature.manifest.digest);
      const { subject: _, ...rest } = (await context.metadata.get(key)) ?? assert.fail();
      return [put(key, rest)];
    },
  },
  {
    name: "a manifest's card has another size of its content",
    what: "manifest-card-wrong",
    changes: (registry) =>
      changed(registry, manifestKey(APP, registry.one.manifest.digest), { contentSize: 5 }),
  },
  {
    name: "a manifest's card does not know the size of its content",
    what: "manifest-card-wrong",
    changes: async ({ context, index }) => {
      const key = manifestKey(APP, index.digest);
      const { contentSize: _, ...rest } = (await context.metadata.get(key)) ?? assert.fail();
      return [put(key, rest)];
    },
  },
  {
    name: "a manifest's card has another platform",
    what: "manifest-card-wrong",
    changes: (registry) =>
      changed(registry, manifestKey(APP, registry.one.manifest.digest), { platforms: ["plan9/mips"] }),
  },
  {
    name: "an index's card has other platforms",
    what: "manifest-card-wrong",
    changes: (registry) =>
      changed(registry, manifestKey(APP, registry.index.digest), { platforms: ["plan9/mips"] }),
  },
  {
    name: "a manifest in the trash has another size of its content",
    what: "manifest-card-wrong",
    changes: async ({ context, gone }) => {
      const key = trashKey(OTHER, gone.manifest.digest);
      const record = (await context.metadata.get(key)) ?? assert.fail();
      return [put(key, { ...record, manifest: { ...record.manifest, contentSize: 1 } })];
    },
  },
  {
    name: "the card of a manifest is lost",
    what: "manifest-missing",
    changes: ({ one }) => [remove(manifestKey(APP, one.manifest.digest))],
  },
  {
    name: "the card of a referrer is lost",
    what: "manifest-missing",
    changes: ({ signature }) => [remove(manifestKey(APP, signature.manifest.digest))],
  },
  {
    name: "a link that manifests need is lost",
    what: "link-missing",
    changes: ({ one }) => [remove(linkKey(APP, one.config.digest))],
  },
  {
    name: "a link that nothing needs is lost",
    what: "holder-false",
    restores: false,
    changes: ({ lonely }) => [remove(linkKey(APP, lonely.digest))],
  },
  {
    name: "a tag is lost",
    what: "tag-missing",
    changes: () => [remove(tagKey(APP, tagName("v2")))],
  },
  {
    name: "a live manifest is in the trash too",
    what: "manifest-twice",
    changes: async ({ context, one }) => {
      const manifest = (await context.metadata.get(manifestKey(APP, one.manifest.digest))) ?? assert.fail();
      const record = { manifest, tags: [], deleteTime: 1, reason: { kind: "request" } as const };
      return [put(trashKey(APP, one.manifest.digest), record), add(contentsKey(APP), 1)];
    },
  },
  {
    name: "a blob's record is gone",
    what: "blob-record-missing",
    changes: ({ one }) => [remove(blobKey(one.config.digest))],
  },
  {
    name: "a manifest's blob record is gone",
    what: "blob-record-missing",
    changes: ({ index }) => [remove(blobKey(index.digest))],
  },
  {
    name: "a blob's record has another size",
    what: "blob-size-wrong",
    changes: (registry) => changed(registry, blobKey(registry.one.config.digest), { size: 1 }),
  },
  {
    name: "a link has another size",
    what: "blob-size-wrong",
    changes: (registry) => changed(registry, linkKey(APP, registry.one.config.digest), { size: 1 }),
  },
  {
    name: "a link holds nothing",
    what: "holder-missing",
    changes: ({ one }) => [remove(linkHolderKey(one.config.digest, APP))],
  },
  {
    name: "a manifest does not hold what it names",
    what: "holder-missing",
    changes: ({ one }) => [remove(manifestHolderKey(one.config.digest, APP, one.manifest.digest))],
  },
  {
    name: "a manifest in the trash does not hold itself",
    what: "holder-missing",
    changes: ({ gone: { manifest } }) => [remove(manifestHolderKey(manifest.digest, OTHER, manifest.digest))],
  },
  {
    name: "a link holds that is not there",
    what: "holder-false",
    changes: ({ one }) => [
      put(linkHolderKey(one.config.digest, NOWHERE), NOTHING),
      add(heldKey(one.config.digest), 1),
    ],
  },
  {
    name: "a manifest holds that is not there",
    what: "holder-false",
    changes: ({ one }) => [
      put(manifestHolderKey(one.config.digest, APP, STRANGER), NOTHING),
      add(heldKey(one.config.digest), 1),
      add(namedKey(APP, one.config.digest), 1),
    ],
  },
  {
    name: "a manifest holds what it does not name, and one entry is missing",
    what: "holder-false",
    changes: ({ one, two }) => [
      put(manifestHolderKey(one.config.digest, APP, two.manifest.digest), NOTHING),
      remove(manifestHolderKey(two.config.digest, APP, two.manifest.digest)),
    ],
  },
  {
    name: "a subject does not list its referrer",
    what: "referrer-missing",
    changes: ({ one, signature }) => [
      remove(referrerKey(APP, one.manifest.digest, signature.manifest.digest)),
    ],
  },
  {
    name: "a subject lists its referrer wrongly",
    what: "referrer-wrong",
    changes: (registry) =>
      changed(registry, referrerKey(APP, registry.one.manifest.digest, registry.signature.manifest.digest), {
        artifactType: "application/other",
      }),
  },
  {
    name: "a subject lists what is no referrer",
    what: "referrer-false",
    changes: ({ one, two }) => [
      put(referrerKey(APP, one.manifest.digest, two.manifest.digest), { mediaType: "a/b", size: 1 }),
    ],
  },
  {
    name: "a tag points to nothing",
    what: "tag-dangling",
    restores: false,
    changes: (registry) => changed(registry, tagKey(APP, tagName("v2")), { digest: STRANGER }),
  },
  {
    name: "a tag has another size than its manifest",
    what: "tag-wrong",
    changes: (registry) => changed(registry, tagKey(APP, tagName("v2")), { size: 1 }),
  },
  {
    name: "a tag has another size of all than its manifest",
    what: "tag-wrong",
    changes: (registry) => changed(registry, tagKey(APP, tagName("v2")), { totalSize: 1 }),
  },
  {
    name: "a tag of an index has another size of all",
    what: "tag-wrong",
    changes: (registry) => changed(registry, tagKey(APP, tagName("multi")), { totalSize: 1 }),
  },
  {
    name: "a tag has other platforms than its manifest",
    what: "tag-wrong",
    changes: (registry) => changed(registry, tagKey(APP, tagName("v2")), { platforms: ["plan9/mips"] }),
  },
  {
    name: "a tag has another artifact type than its manifest",
    what: "tag-wrong",
    changes: (registry) => changed(registry, tagKey(APP, tagName("v2")), { artifactType: "a/b" }),
  },
  {
    name: "a manifest does not know its tag",
    what: "tag-entry-missing",
    changes: ({ two }) => [remove(manifestTagKey(APP, two.manifest.digest, tagName("v2")))],
  },
  {
    name: "a manifest lists a tag that points elsewhere",
    what: "tag-entry-false",
    changes: ({ one }) => [put(manifestTagKey(APP, one.manifest.digest, tagName("v2")), NOTHING)],
  },
  {
    name: "a manifest lists a tag that is not there",
    what: "tag-entry-false",
    changes: ({ one }) => [put(manifestTagKey(APP, one.manifest.digest, tagName("v7")), NOTHING)],
  },
  {
    name: "a manifest that is not there lost a tag",
    what: "mark-false",
    changes: () => [put(untaggedKey(APP, STRANGER), { time: 1 })],
  },
  {
    name: "a manifest that is not there was pulled",
    what: "mark-false",
    changes: () => [put(pullsKey(OTHER, STRANGER), { count: 1, lastTime: 1 })],
  },
  ...counterDamages(),
  ...usageDamages(),
  {
    name: "the bytes of a manifest are kept that nothing mentions",
    what: "manifest-copy-unclaimed",
    changes: () => [put(contentKey(STRANGER), Buffer.from("nobody pushed this"))],
  },
  {
    name: "an upload session is open and closed",
    what: "upload-twice",
    changes: ({ one }) => [
      put(uploadKey(UPLOAD), { repository: APP, algorithm: "sha256", createTime: 1 }),
      put(closedUploadKey(UPLOAD), { repository: APP, digest: one.config.digest, size: 1, closeTime: 1 }),
      add(openUploadsKey(APP), 1),
    ],
    restores: false,
  },
];

function counterDamages(): readonly Damage[] {
  const what = "counter-wrong" as const;
  const counters = {
    "what is held": ({ one }: Registry) => heldKey(one.config.digest),
    "what is named": ({ one }: Registry) => namedKey(APP, one.config.digest),
    "a repository's contents": () => contentsKey(APP),
    "a repository's manifests": () => manifestCountKey(APP),
    "a repository's open uploads": () => openUploadsKey(OTHER),
    "all consumers": () => consumerCountKey,
    "a principal's consumers": () => consumersOfKey("alice"),
  };
  const nothing = {
    "what nothing holds": () => heldKey(STRANGER),
    "what nothing names": ({ lonely }: Registry) => namedKey(APP, lonely.digest),
    "an empty repository's contents": () => contentsKey(NOWHERE),
    "an empty repository's manifests": () => manifestCountKey(NOWHERE),
    "a repository's uploads, of which there are none": () => openUploadsKey(NOWHERE),
    "an owner's access tokens, of which there are none": () => accessTokenCountKey("bob"),
  };
  return [
    ...Object.entries({ ...counters, ...nothing }).map(([name, keyOf]) => ({
      name: `the counter of ${name} is too high`,
      what,
      changes: (registry: Registry) => [add(keyOf(registry), 3)],
    })),
    ...Object.entries(counters).map(([name, keyOf]) => ({
      name: `the counter of ${name} is gone`,
      what,
      changes: (registry: Registry) => [remove(keyOf(registry))],
    })),
  ];
}

function usageDamages(): readonly Damage[] {
  const what = "usage-wrong" as const;
  const rows = {
    "a repository": usageKey(APP),
    "a path": usageBelowKey("team"),
    everything: usageBelowKey(""),
  };
  const ofRows = Object.entries(rows).flatMap(([name, key]): readonly Damage[] => [
    {
      name: `what is counted of ${name} is too high`,
      what,
      changes: () => [
        sum(key, { blobs: 1, bytes: 100, tags: 2, logicalBytes: 5, pulls: 1, repositories: 1 }),
      ],
    },
    {
      name: `what is counted of ${name} is too low`,
      what,
      changes: () => [sum(key, { blobs: -1, bytes: -1, manifests: -1 })],
    },
    { name: `what is counted of ${name} is gone`, what, changes: () => [remove(key)] },
    {
      name: `the last push to ${name} is too early`,
      what,
      changes: (registry) => changed(registry, key, { pushTime: 1 }),
    },
    {
      name: `the last push to ${name} is not known`,
      what,
      changes: async ({ context }) => {
        const { pushTime: _, ...rest } = (await context.metadata.get(key)) ?? assert.fail();
        return [put(key, rest)];
      },
    },
  ]);
  return [
    ...ofRows,
    {
      name: "something is counted of a repository that is not there",
      what,
      changes: () => [sum(usageKey(NOWHERE), { trashed: 1 })],
    },
    {
      name: "something is counted below a path where nothing is",
      what,
      changes: () => [sum(usageBelowKey("team/app"), { bytes: 7, pushTime: 5 })],
    },
    {
      name: "what the cellar holds is too high",
      what,
      changes: () => [sum(storedKey, { blobs: 1, bytes: 3 })],
    },
    { name: "what the cellar holds is gone", what, changes: () => [remove(storedKey)] },
  ];
}

test("a push or a pull that is later than all that are known is right", () =>
  withRegistry(async ({ context }) => {
    const later = Date.now() + 1_000_000;
    const change = sum(usageKey(APP), { pushTime: later, pullTime: later });
    await context.metadata.commit({ changes: [change] });
    assert.deepEqual(await findings(context), []);
  }));

test("what is counted is put right beside those who push and delete", () =>
  withRegistry(async ({ core, context, gone }) => {
    const { metadata } = context;
    await metadata.commit({
      changes: [remove(usageKey(OTHER)), sum(usageBelowKey(""), { bytes: 1000, tags: 3 })],
    });
    const busy = async () => {
      for (let count = 0; count < 20; count++)
        await pushImage(core, APP, `busy ${count}`, { tags: [`b${count}`] });
      await core.trash.restore(OTHER, gone.manifest.digest, {}).catch(() => undefined);
    };
    await Promise.all([busy(), findings(context, { repair: true, cellar: false })]);
    assert.deepEqual(await findings(context), []);
  }));

test("a registry that nobody damaged has nothing to find", () =>
  withRegistry(async ({ context }) => {
    assert.deepEqual(await findings(context), []);
    const before = await rows(context.metadata);
    assert.deepEqual(await findings(context, { repair: true }), []);
    assert.deepEqual(await rows(context.metadata), before);
  }));

for (const { name, changes, what, restores = true } of DAMAGES) {
  test(`${name}: found, repaired, and not found again`, () =>
    withRegistry(async (registry) => {
      const { context } = registry;
      const before = await rows(context.metadata);
      await context.metadata.commit({ changes: await changes(registry) });
      const damaged = await rows(context.metadata);
      const found = await findings(context);
      assert.ok(
        found.some((finding) => finding.what === what && !finding.repaired),
        `found ${JSON.stringify(found)}`,
      );
      assert.deepEqual(await rows(context.metadata), damaged, "without repair nothing is changed");
      const repaired = await findings(context, { repair: true });
      assert.ok(repaired.some((finding) => finding.what === what));
      for (const finding of repaired) assert.ok(finding.repaired, JSON.stringify(finding));
      assert.deepEqual(await findings(context), []);
      if (restores) assert.deepEqual(await rows(context.metadata), before);
    }));
}

test("the signed form of a manifest of schema 1 is kept and known, or found to be lost", () =>
  withCore({ deleteEnabled: true, schema1: true }, async ({ core, context }) => {
    const layer = await pushBlob(core, APP, "a layer");
    const payload = payloadOf(schema1([layer.digest]));
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const content = signedBy(payload, privateKey);
    const request = { repository: APP, mediaType: SCHEMA_1_SIGNED, content, tags: [tagName("old")] };
    const { digest } = (await core.manifests.put(request, {})).descriptor;
    assert.deepEqual(await findings(context), []);
    const form = (await context.metadata.get(manifestKey(APP, digest)))?.signed ?? assert.fail();
    const before = await rows(context.metadata);
    for (const key of [blobKey(form.digest), manifestHolderKey(form.digest, APP, digest)]) {
      await context.metadata.commit({ changes: [remove(key)] });
      const [found, ...others] = await findings(context, { repair: true });
      assert.deepEqual(others, []);
      assert.equal(found?.digest, form.digest);
      assert.equal(found.repaired, true);
      assert.deepEqual(await rows(context.metadata), before);
    }
    await core.manifests.delete(APP, digest, {});
    assert.deepEqual(await findings(context), []);
  }));

test("whatever is not on the list of what is due comes on it", () =>
  withRegistry(async ({ context, lonely, gone }) => {
    const { metadata } = context;
    const unheld = digestOf(Buffer.from("held by nothing"));
    const entries = await metadata.page(due, { limit: 1000 });
    await context.blobs.put(unheld, Buffer.from("held by nothing"));
    await metadata.commit({
      changes: [
        ...entries.map((entry) => remove({ text: due.text + entry.name })),
        put(blobKey(unheld), { size: 15, createTime: 1 }),
        sum(storedKey, { blobs: 1, bytes: 15 }),
      ],
    });
    const found = await findings(context, { repair: true });
    assert.deepEqual(new Set(found.map((finding) => finding.what)), new Set(["due-missing"]));
    const digests = found.map((finding) => finding.digest);
    for (const digest of [lonely.digest, gone.manifest.digest, unheld]) assert.ok(digests.includes(digest));
    assert.ok(found.some((finding) => finding.tag === tagName("latest")));
    assert.deepEqual(await findings(context), []);
  }));

test("a manifest without bytes is reported, never deleted, and what it may name is kept", () =>
  withRegistry(async ({ context, one, lonely }) => {
    const { metadata, blobs } = context;
    const { digest } = one.manifest;
    await metadata.commit({ changes: [remove(contentKey(digest))] });
    await blobs.delete(digest);
    const entries = await metadata.page(due, { limit: 1000 });
    await metadata.commit({ changes: entries.map((entry) => remove({ text: due.text + entry.name })) });
    const found = await findings(context, { repair: true });
    const unreadable = found.find((finding) => finding.what === "manifest-unreadable");
    assert.equal(unreadable?.digest, digest);
    assert.match(unreadable?.detail ?? "", /push it again, or delete it/);
    const link = found.find((finding) => finding.digest === lonely.digest);
    assert.equal(link?.repaired, false);
    assert.ok(await metadata.get(manifestKey(APP, digest)));
    assert.ok(await metadata.get(manifestHolderKey(one.config.digest, APP, digest)));
    const again = await findings(context);
    assert.deepEqual(
      new Set(again.map(({ what }) => what)),
      new Set(["manifest-unreadable", "due-missing", "blob-damaged"]),
    );
  }));

test("a tag whose manifest is in the trash is left for whoever restores it", () =>
  withRegistry(async ({ context, gone }) => {
    const { digest, mediaType, size } = gone.manifest;
    const record = { digest, mediaType, size, updateTime: 1 };
    await context.metadata.commit({ changes: [put(tagKey(OTHER, tagName("old")), record)] });
    const [finding] = await findings(context, { repair: true });
    assert.equal(finding?.what, "tag-dangling");
    assert.equal(finding?.repaired, false);
    assert.ok(await context.metadata.get(tagKey(OTHER, tagName("old"))));
  }));

test("bytes of an upload without a session are dropped", () =>
  withRegistry(async ({ context }) => {
    await context.uploads.write(UPLOAD, { algorithm: "sha256" }, inChunks(Buffer.from("half"), 4));
    const [finding] = await findings(context, { repair: true });
    assert.equal(finding?.what, "upload-unclaimed");
    assert.equal(await context.uploads.size(UPLOAD), 0);
    assert.deepEqual(await findings(context), []);
  }));

test("the whole index of holders and all counters of it can be made again", () =>
  withRegistry(async ({ context }) => {
    const { metadata } = context;
    const before = await rows(metadata);
    const lost = Object.keys(before).filter((key) => /^(H|n\/held|n\/named|n\/contents|c)\//.test(key));
    assert.ok(lost.length > 50);
    await metadata.commit({ changes: lost.map((text) => remove({ text })) });
    await findings(context, { repair: true });
    assert.deepEqual(await findings(context), []);
    assert.deepEqual(await rows(metadata), before);
  }));
