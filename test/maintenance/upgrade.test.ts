// A catalogue of an older format becomes one of this when it is opened: ones that the last
// versions of those formats made, and ones made from the cards of a registry of now.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { upgradeCatalogue } from "../../src/maintenance/upgrade.ts";
import { dueEntryOf } from "../../src/metadata/due.ts";
import { due, formatKey, untaggedKey } from "../../src/metadata/keeping-keys.ts";
import { contentKey, linksOf, manifestKey, manifestsOf, tagsOf } from "../../src/metadata/keys.ts";
import { type MetadataStore, remove } from "../../src/metadata/metadata-store.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import type { Tag } from "../../src/oci/reference.ts";
import { withCore } from "../core/study.ts";
import { inChunks } from "../support/byte-streams.ts";
import { findings, rows } from "./checking.ts";
import {
  APP,
  downgrade,
  FORMATS,
  NEW_ROWS,
  OTHER,
  pull,
  pullTags,
  undescribedRows,
  unpackFixture,
  upgrade,
} from "./old-catalogue.ts";
import { pushBlob, pushDocument, pushImage, pushIndex, withDisk } from "./pushing.ts";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const DAY_MS = 24 * 60 * 60 * 1000;

async function dueDigests(metadata: MetadataStore): Promise<readonly string[]> {
  const entries = (await metadata.page(due, { limit: 100_000 })).map(({ name }) => dueEntryOf(name));
  return entries.map(({ what }) => `${what.kind} ${"digest" in what ? what.digest : ""}`).sort();
}

test("a folder of the last version of format 1 is upgraded, and everything in it works", async () =>
  withDisk(
    { deleteEnabled: true },
    async ({ core, context, clock }) => {
      const { metadata } = context;
      clock.time = Date.UTC(2026, 2, 1);
      const before = await rows(metadata);
      assert.ok(!Object.keys(before).some((key) => NEW_ROWS["1"].test(key)));
      const told: string[] = [];
      assert.equal(await upgrade(context, told), true);
      assert.equal(told.at(-1), "the catalogue has been upgraded");
      assert.equal(Buffer.from((await metadata.get(formatKey)) ?? "").toString(), "3");
      const after = await rows(metadata);
      assert.deepEqual(undescribedRows(after, "1"), before);
      assert.deepEqual(await findings(context), []);

      assert.equal(await upgrade(context), false);
      assert.deepEqual(await rows(metadata), after);

      const [open] = (await core.uploads.list({ limit: 10 })).items;
      assert.equal(open?.offset, 4);
      await core.uploads.writeAndCommit(
        open,
        {},
        { digest: digestOf(Buffer.from("half and half")), origin: {} },
        inChunks(Buffer.from(" and half"), 9),
      );
      const pulled = await pullTags(core, context);
      assert.ok(pulled > 20);

      clock.time += 30 * DAY_MS;
      const removed: string[] = [];
      for await (const item of new Collector({ context, rate: 0 }).run())
        if (item.kind === "blob") removed.push(item.digest);
      for (const gone of ["its link was deleted", "pushed and never named", "layer of deleted"])
        assert.ok(removed.includes(digestOf(Buffer.from(gone))), gone);
      assert.equal(await pullTags(core, context), pulled);
      assert.deepEqual(await findings(context, { graceMs: 0 }), []);
    },
    await unpackFixture("1"),
  ));

for (const format of FORMATS)
  test(`what is derived of format ${format} is what pushes write now`, () =>
    withCore({}, async ({ core, context }) => {
      const { metadata } = context;
      const one = await pushImage(core, APP, "one", { tags: ["latest"] });
      const runs = await pushBlob(core, APP, '{"os":"linux","architecture":"arm64"}', CONFIG);
      const image = { mediaType: OCI_IMAGE_MANIFEST, schemaVersion: 2, config: runs, layers: [] };
      await pushDocument(core, APP, image, ["arm"]);
      const two = await pushImage(core, APP, "two", { tags: ["v2"] });
      await pushIndex(core, APP, [one.manifest, two.manifest], ["multi"]);
      await pushImage(core, APP, "signature", { artifactType: "application/x", subject: one.manifest });
      await core.blobs.mount({ repository: OTHER, digest: one.config.digest, from: APP }, {});
      await pushBlob(core, OTHER, "named by nothing");
      await core.uploads.create(OTHER);
      const withoutHistory = ([key]: readonly [string, unknown]) => format === "2" || !key.startsWith("T/");
      const before = Object.entries(await rows(metadata)).filter(withoutHistory);
      await downgrade(metadata, format);
      assert.equal(await upgrade(context), true);
      assert.deepEqual(Object.entries(await rows(metadata)), before);
      if (format === "2") return;
      const links = await metadata.page(linksOf(OTHER), { limit: 10 });
      assert.deepEqual(await dueDigests(metadata), links.map(({ name }) => `link ${name}`).sort());
    }));

test("what nobody needs becomes due, after the grace time and not before", () =>
  withCore({ graceMs: DAY_MS }, async ({ core, context, clock }) => {
    const { metadata } = context;
    const lonely = await pushBlob(core, APP, "named by nothing");
    await downgrade(metadata);
    clock.time += 100 * DAY_MS;
    await upgrade(context);
    const entries = (await metadata.page(due, { limit: 10 })).map(({ name }) => dueEntryOf(name));
    assert.deepEqual(
      entries.map(({ time, what }) => ({ time, what })),
      [{ time: clock.time + DAY_MS, what: { kind: "link", repository: APP, digest: lonely.digest } }],
    );
  }));

test("an untagged manifest counts as untagged from now on, a member or a referrer does not", () =>
  withCore({}, async ({ core, context, clock }) => {
    const { metadata } = context;
    const tagged = await pushImage(core, APP, "tagged", { tags: ["latest"] });
    const member = await pushImage(core, APP, "member");
    const index = await pushIndex(core, APP, [member.manifest]);
    const referrer = await pushImage(core, APP, "referrer", { subject: tagged.manifest });
    await downgrade(metadata);
    clock.time += 100 * DAY_MS;
    await upgrade(context);
    const mark = (digest: Digest) => metadata.get(untaggedKey(APP, digest));
    assert.deepEqual(await mark(index.digest), { time: clock.time });
    for (const { manifest } of [tagged, member, referrer])
      assert.equal(await mark(manifest.digest), undefined);
  }));

for (const format of FORMATS)
  test(`an upgrade of format ${format} that was interrupted anywhere begins anew and ends the same`, () =>
    withCore({}, async ({ core, context }) => {
      const { metadata } = context;
      for (let index = 0; index < 30; index++) {
        const { manifest } = await pushImage(core, APP, `image ${index}`, { tags: [`v${index}`] });
        await pushIndex(core, OTHER, [], [`t${index}`]);
        if (index % 3 === 0) await pushIndex(core, APP, [manifest], [`multi${index}`]);
        await pushBlob(core, OTHER, `blob ${index}`);
      }
      await downgrade(metadata, format);
      await upgrade(context);
      const expected = await rows(metadata);
      const expectedDue = await dueDigests(metadata);
      for (let allowed = 0; ; allowed++) {
        await downgrade(metadata, format);
        let commits = 0;
        const failing = new Proxy(metadata, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name);
            if (name !== "commit") return typeof member === "function" ? member.bind(target) : member;
            return (commit: Parameters<MetadataStore["commit"]>[0]) => {
              if (++commits > allowed) throw new Error("switched off");
              return metadata.commit(commit);
            };
          },
        });
        const whole = await upgrade({ ...context, metadata: failing }).catch(() => false);
        if (whole) {
          assert.ok(allowed >= 4, `only ${allowed} commits`);
          break;
        }
        assert.equal(Buffer.from((await metadata.get(formatKey)) ?? "").toString(), format);
        assert.equal(await upgrade(context), true);
        assert.deepEqual(await rows(metadata), expected);
        assert.deepEqual(await dueDigests(metadata), expectedDue);
      }
    }));

test("what may only be read is not upgraded, and says what to do", () =>
  withCore({}, async ({ context }) => {
    const { metadata, blobs, now } = context;
    await downgrade(metadata);
    const quiet = () => {};
    const options = { metadata, blobs, now, graceMs: DAY_MS, tell: quiet, warn: quiet };
    await assert.rejects(
      upgradeCatalogue({ ...options, mayUpgrade: false }),
      /format "1".*start the registry once/,
    );
    assert.equal(Buffer.from((await metadata.get(formatKey)) ?? "").toString(), "1");
    assert.equal(await upgradeCatalogue(options), true);
    assert.equal(await upgradeCatalogue({ ...options, mayUpgrade: false }), false);
  }));

test("a manifest too large to lie beside its card is read from the cellar", () =>
  withCore({}, async ({ core, context }) => {
    const { metadata } = context;
    const { config, layers } = await pushImage(core, APP, "small");
    const annotations = { padding: "x".repeat(300_000) };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const document = { schemaVersion: 2, mediaType, config, layers, annotations };
    const large = await pushDocument(core, APP, document, ["large"]);
    assert.equal(await metadata.get(contentKey(large.digest)), undefined);
    const before = await rows(metadata);
    await downgrade(metadata);
    await upgrade(context);
    const after = await rows(metadata);
    for (const [key, record] of Object.entries(before))
      if (!key.startsWith("T/")) assert.deepEqual(after[key], record, key);
  }));

test("what a manifest that cannot be read may need is not collected", () =>
  withCore({ graceMs: 0 }, async ({ core, context, clock }) => {
    const { metadata, blobs } = context;
    const { manifest, config } = await pushImage(core, APP, "one", { tags: ["latest"] });
    const elsewhere = await pushBlob(core, OTHER, "named by nothing");
    const content = (await metadata.get(contentKey(manifest.digest))) ?? assert.fail();
    await metadata.commit({ changes: [remove(contentKey(manifest.digest))] });
    await blobs.delete(manifest.digest);
    await downgrade(metadata);
    const told: string[] = [];
    await upgrade(context, told);
    assert.ok(told.some((message) => message.startsWith("a manifest cannot be read")));
    assert.deepEqual(await dueDigests(metadata), [`link ${elsewhere.digest}`]);
    clock.time += DAY_MS;
    for await (const _ of new Collector({ context, rate: 0 }).run());
    await blobs.put(manifest.digest, content);
    assert.equal(await pull(core, APP, manifest.digest), 4);
    assert.ok(await findings(context, { repair: true }));
    assert.deepEqual(await findings(context), []);
    assert.ok(await core.blobs.stat(APP, config.digest));
    assert.ok(await metadata.get(manifestKey(APP, manifest.digest)));
    assert.equal((await metadata.page(manifestsOf(APP), { limit: 10 })).length, 1);
    assert.ok(
      (await metadata.page(tagsOf(APP), { limit: 10 })).some(({ name }) => (name as Tag) === "latest"),
    );
  }));
