// Quotas: nothing grows past them, however many try at once; what shrinks or stays as it is is never refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linkAdopted } from "../../src/core/adopted-blobs.ts";
import type { CoreOptions } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { type QuotaRule, quotaUses } from "../../src/core/quotas.ts";
import { dueEntryOf } from "../../src/metadata/due.ts";
import { due as allDue } from "../../src/metadata/keeping-keys.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { usageBelowKey, usageKey } from "../../src/metadata/usage-keys.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { OCI_IMAGE_INDEX } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag, type RepositoryName } from "../../src/oci/reference.ts";
import { inFolder, withRegistry } from "../maintenance/registry-folder.ts";
import { blobOf, once, pushBlob, pushImage, putImage, REPOSITORY as repository } from "./pictures.ts";
import { assertCounted } from "./recount.ts";
import { has, withCore } from "./study.ts";

const other = parseRepositoryName("a/c");
const elsewhere = parseRepositoryName("b");

const each = (limits: Pick<QuotaRule, "bytes" | "tags">, name = "each"): QuotaRule => ({
  name,
  matches: (which) => which.startsWith("a/"),
  scope: "each",
  ...limits,
});

const together = (limits: Pick<QuotaRule, "bytes" | "tags">): QuotaRule => ({
  ...each(limits, "together"),
  scope: { below: "a" },
});

const under = (...quotas: QuotaRule[]): Partial<CoreOptions> => ({ deleteEnabled: true, quotas });

const denied = (facts: Readonly<Record<string, string>>) => (error: unknown) => {
  assert.ok(error instanceof RegistryError, String(error));
  assert.equal(error.code, "DENIED");
  assert.deepEqual(error.metadata, facts);
  return true;
};

/** An image of 100 bytes at least, and perhaps its tag. */
function pushIndex(core: Core, seed: number, tags: readonly string[] = [], name = repository) {
  const annotations = { seed: String(seed).padStart(100, "0") };
  const document = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: [], annotations };
  const content = Buffer.from(JSON.stringify(document));
  const request = { repository: name, mediaType: OCI_IMAGE_INDEX, content, tags: tags.map(parseTag) };
  return core.manifests.put(request, NOBODY);
}

async function usageOf(metadata: MetadataStore, name: RepositoryName | "a" = repository) {
  await assertCounted(metadata);
  return await metadata.get(name === "a" ? usageBelowKey("a") : usageKey(name));
}

test("a repository takes what fits, and is told limit and use of what does not", () =>
  withCore(under(each({ bytes: 20 })), async ({ core, context }) => {
    await pushBlob(core, "twelve bytes");
    await pushBlob(core, "8 bytes.");
    await assert.rejects(pushBlob(core, "x"), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.match(
        error.message,
        /^repository "a\/b" may hold 20 bytes \(quota "each"\), holds 20 bytes, and 1 byte/,
      );
      assert.match(error.message, /what is in the trash counts until it is purged/);
      assert.match(
        error.message,
        /layers that no manifest names until storage\.maintenance\.gc\.grace is over/,
      );
      return denied({ quota: "each", limit: "20", used: "20", requested: "1", unit: "bytes" })(error);
    });
    await pushBlob(core, "this one has more than twenty bytes", elsewhere);
    await pushBlob(core, "this one fits as well", other).then(assert.fail, has("DENIED"));
    await pushBlob(core, "this one fits", other);
    assert.deepEqual(await quotaUses(context, repository), [
      { quota: "each", unit: "bytes", limit: 20, used: 20, key: usageKey(repository) },
    ]);
    assert.equal((await usageOf(context.metadata))?.bytes, 20);
  }));

test("all below a path share what they have together, and each has its own limit as well", () =>
  withCore(under(each({ bytes: 20 }), together({ bytes: 30 })), async ({ core, context }) => {
    await pushBlob(core, "eighteen bytes is.");
    const together = { quota: "together", limit: "30", used: "18", requested: "15", unit: "bytes" };
    await assert.rejects(pushBlob(core, "fifteen bytes !", other), denied(together));
    const own = { quota: "each", limit: "20", used: "18", requested: "3", unit: "bytes" };
    await assert.rejects(pushBlob(core, "abc"), denied(own));
    await pushBlob(core, "twelve bytes", other);
    assert.equal((await usageOf(context.metadata, "a"))?.bytes, 30);
    await pushBlob(core, "of nobody's concern, however many bytes", elsewhere);
  }));

test("of several limits on the same the lowest holds", () =>
  withCore(under(each({ tags: 5 }), each({ tags: 1 }, "few"), each({ tags: 3 })), async ({ core }) => {
    await pushIndex(core, 1, ["v1"]);
    const facts = { quota: "few", limit: "1", used: "1", requested: "2", unit: "tags" };
    await assert.rejects(pushIndex(core, 2, ["v2", "v3"]), denied(facts));
  }));

test("pushes at once do not grow past a limit together", () =>
  withCore(under(each({ bytes: 100 })), async ({ core, context }) => {
    const texts = Array.from({ length: 40 }, (_, index) => `blob ${String(index).padStart(5, "0")}`);
    const outcomes = await Promise.allSettled(texts.map((text) => pushBlob(core, text)));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 10);
    assert.equal((await usageOf(context.metadata))?.bytes, 100);
  }));

test("many that push the same at once need room for one", () =>
  withCore(under(each({ bytes: 12 })), async ({ core, context }) => {
    const pushes = Array.from({ length: 20 }, async () => {
      const { id } = await core.uploads.create(repository, undefined, { size: 12 });
      return { repository, id };
    });
    const names = await Promise.all(pushes);
    const digest = blobOf("twelve bytes");
    const push = (name: (typeof names)[number]) =>
      core.uploads.writeAndCommit(name, {}, { digest, origin: NOBODY }, once(Buffer.from("twelve bytes")));
    await Promise.all(names.map(push));
    assert.equal((await usageOf(context.metadata))?.bytes, 12);
  }));

test("manifests pushed at once share the room for tags", () =>
  withCore(under(together({ tags: 7 })), async ({ core, context }) => {
    const pushes = Array.from({ length: 30 }, (_, index) =>
      pushIndex(core, index, [`v${index}`], index % 2 === 0 ? repository : other),
    );
    const outcomes = await Promise.allSettled(pushes);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 7);
    assert.equal((await usageOf(context.metadata, "a"))?.tags, 7);
  }));

test("at the limit tags can be moved, deleted and set again, and manifests pushed again", () =>
  withCore(under(each({ tags: 2 })), async ({ core, context }) => {
    await pushIndex(core, 1, ["v1", "v2"]);
    await pushIndex(core, 2, ["v1"]);
    await pushIndex(core, 2, ["v1", "v2"]);
    await pushIndex(core, 3);
    await assert.rejects(pushIndex(core, 3, ["v3"]), has("DENIED"));
    await core.tags.delete({ repository, tag: parseTag("v1") }, NOBODY);
    await pushIndex(core, 3, ["v3"]);
    assert.equal((await usageOf(context.metadata))?.tags, 2);
  }));

test("a manifest that does not fit leaves nothing behind, and its bytes are given up", () =>
  withCore(under(each({ bytes: 1000 })), async ({ core, context }) => {
    const { size } = (await pushIndex(core, 1, [], elsewhere)).descriptor;
    await pushBlob(core, "x".repeat(1001 - size));
    const facts = {
      quota: "each",
      limit: "1000",
      used: String(1001 - size),
      requested: String(size),
      unit: "bytes",
    };
    const last = context.metadata.lastSequence();
    await assert.rejects(pushIndex(core, 2, ["v1"]), denied(facts));
    assert.equal(context.metadata.lastSequence(), last);
    assert.equal((await usageOf(context.metadata))?.manifests, 0);
    const due = await context.metadata.page(allDue, { limit: 100, namesOnly: true });
    const bytes = due.map(({ name }) => dueEntryOf(name).what).filter((what) => what.kind === "blob");
    assert.equal(bytes.length, 1);
  }));

test("the trash counts until it is purged, and nothing that makes it less is refused", () =>
  withCore(under(each({ bytes: 100_000, tags: 1 })), async (study) => {
    const { core, context } = study;
    const { digest } = await pushImage(core, ["x".repeat(9000)], { tags: ["v1"] });
    const tight: CoreOptions = { ...context.options, quotas: [each({ bytes: 10, tags: 0 })] };
    const later = { ...context, options: tight };
    const full = createCore(later);
    await assert.rejects(pushBlob(full, "x"), has("DENIED"));
    await full.manifests.delete(repository, digest, NOBODY);
    await assert.rejects(full.trash.restore(repository, digest, NOBODY), has("DENIED"));
    const target = { kind: "digest", digest } as const;
    const point = full.tagHistory.restore({ repository, tag: parseTag("v1"), target }, NOBODY);
    await assert.rejects(point, has("DENIED"));
    await full.blobs.delete(repository, blobOf("x".repeat(9000)), NOBODY);
    await full.trash.purge(repository, digest);
    await assertCounted(context.metadata);
  }));

test("a mount is refused like a push, and allowed where the blob is linked already", () =>
  withCore(under(each({ bytes: 12 })), async ({ core, context }) => {
    const digest = await pushBlob(core, "twelve bytes");
    const more = await pushBlob(core, "more", elsewhere);
    const mount = (which: typeof digest) => core.blobs.mount({ repository, digest: which }, NOBODY);
    await mount(digest);
    const facts = { quota: "each", limit: "12", used: "12", requested: "4", unit: "bytes" };
    await assert.rejects(mount(more), denied(facts));
    await assert.rejects(core.blobs.stat(repository, more), has("BLOB_UNKNOWN"));
    assert.equal((await usageOf(context.metadata))?.blobs, 1);
  }));

test("what is taken over from elsewhere is counted and not refused", () =>
  withCore(under(each({ bytes: 1, tags: 0 })), async ({ core, context }) => {
    for (const text of ["config", "layer"]) {
      const place = async () => {
        await context.blobs.put(blobOf(text), Buffer.from(text));
        return text.length;
      };
      await linkAdopted(context, { repository, digest: blobOf(text) }, place, NOBODY);
    }
    const { content } = await documentOf(core);
    const tag = parseTag("v1");
    const taken = { time: 5, tagTimes: new Map([[tag, 5]]) };
    const request = { repository, mediaType: OCI_IMAGE_INDEX, content, tags: [tag], elsewhere: taken };
    await core.manifests.put(request, NOBODY);
    const usage = await usageOf(context.metadata);
    assert.equal(usage?.tags, 1);
    assert.equal(usage.bytes, 11 + content.length);
    await assert.rejects(pushBlob(core, "more"), has("DENIED"));
  }));

async function documentOf(core: Core) {
  const pushed = await pushIndex(core, 1, [], elsewhere);
  const reference = { kind: "digest", digest: pushed.descriptor.digest } as const;
  return core.manifests.get(elsewhere, reference, NOBODY);
}

test("what was used before a restart counts after it", () =>
  inFolder(async (root) => {
    const options = { root, core: under(each({ bytes: 20 })) };
    await withRegistry(options, async ({ core }) => {
      await pushBlob(core, "twelve bytes");
    });
    await withRegistry(options, async ({ core, context }) => {
      const facts = { quota: "each", limit: "20", used: "12", requested: "9", unit: "bytes" };
      await assert.rejects(pushBlob(core, "9 bytes.."), denied(facts));
      await pushBlob(core, "8 bytes.");
      await assert.rejects(putImage(core, "8 bytes.", ["twelve bytes"]), has("DENIED"));
      assert.equal((await usageOf(context.metadata))?.bytes, 20);
    });
  }));
