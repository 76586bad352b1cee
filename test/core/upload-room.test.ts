// Quotas of uploads: looked at when they begin and while they are written, and a refusal breaks no session.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoreOptions } from "../../src/core/context.ts";
import { NOBODY } from "../../src/core/origin.ts";
import type { QuotaRule } from "../../src/core/quotas.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { usageBelowKey, usageKey } from "../../src/metadata/usage-keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../../src/oci/reference.ts";
import { blobOf, once, pushBlob, REPOSITORY as repository } from "./pictures.ts";
import { assertCounted } from "./recount.ts";
import { has, withCore } from "./study.ts";

const other = parseRepositoryName("a/c");

const each = (limits: Pick<QuotaRule, "bytes" | "tags">, name = "each"): QuotaRule => ({
  name,
  matches: (which) => which.startsWith("a/"),
  scope: "each",
  ...limits,
});

const under = (...quotas: QuotaRule[]): Partial<CoreOptions> => ({ deleteEnabled: true, quotas });

const denied = (facts: Readonly<Record<string, string>>) => (error: unknown) => {
  assert.ok(error instanceof RegistryError, String(error));
  assert.equal(error.code, "DENIED");
  assert.deepEqual(error.metadata, facts);
  return true;
};

async function usageOf(metadata: MetadataStore, name: RepositoryName | "a" = repository) {
  await assertCounted(metadata);
  return await metadata.get(name === "a" ? usageBelowKey("a") : usageKey(name));
}

test("an upload is refused when it begins, by the size it announces or when nothing more fits", () =>
  withCore(under(each({ bytes: 12 })), async ({ core }) => {
    const create = (size?: number) =>
      core.uploads.create(repository, undefined, size === undefined ? {} : { size });
    const facts = { quota: "each", limit: "12", unit: "bytes" };
    await assert.rejects(create(13), denied({ ...facts, used: "0", requested: "13" }));
    await create(12);
    await create();
    const digest = await pushBlob(core, "twelve bytes");
    await assert.rejects(create(), denied({ ...facts, used: "12", requested: "1" }));
    await create(0);
    await core.uploads.create(repository, undefined, { digest, size: 12 });
  }));

test("an upload is refused while it is written, and can go on or be cancelled after that", () =>
  withCore(under(each({ bytes: 12 })), async ({ core, context }) => {
    const { id } = await core.uploads.create(repository);
    const name = { repository, id };
    let read = 0;
    async function* many() {
      for (let count = 0; count < 1000; count++) {
        read++;
        yield Buffer.from("four");
      }
    }
    const facts = { quota: "each", limit: "12", used: "0", unit: "bytes" };
    await assert.rejects(core.uploads.write(name, {}, many()), denied({ ...facts, requested: "16" }));
    assert.equal(read, 4, "no more is read than would fit");
    assert.equal((await core.uploads.get(name)).offset, 12);
    const known = core.uploads.write(name, { offset: 12, size: 5 }, many());
    await assert.rejects(known, denied({ ...facts, requested: "17" }));
    assert.equal(read, 4, "what says how much it is is not read at all");
    await core.uploads.commit(name, blobOf("fourfourfour"), NOBODY);
    assert.equal((await usageOf(context.metadata))?.bytes, 12);

    const second = await core.uploads.create(other);
    const place = { repository: other, id: second.id };
    await assert.rejects(core.uploads.write(place, {}, many()), has("DENIED"));
    await core.uploads.cancel(place, NOBODY);
    await assert.rejects(core.uploads.get(place), has("BLOB_UPLOAD_UNKNOWN"));
  }));

for (const way of ["at once", "in two steps"] as const)
  test(`a blob that no longer fits is refused when it is committed ${way}, and its session stays`, () =>
    withCore(under(each({ bytes: 20 })), async ({ core, context }) => {
      const { id } = await core.uploads.create(repository, undefined, { size: 12 });
      const name = { repository, id };
      const bytes = Buffer.from("twelve bytes");
      const digest = digestOf(bytes);
      if (way === "in two steps") await core.uploads.write(name, {}, once(bytes));
      const commit = (): Promise<unknown> =>
        way === "at once"
          ? core.uploads.writeAndCommit(name, {}, { digest, origin: NOBODY }, once(bytes))
          : core.uploads.commit(name, digest, NOBODY);
      await pushBlob(core, "somebody was quick");
      await assert.rejects(commit(), has("DENIED"));
      assert.equal((await usageOf(context.metadata))?.blobs, 1);
      await core.blobs.delete(repository, blobOf("somebody was quick"), NOBODY);
      await commit();
      assert.equal((await usageOf(context.metadata))?.bytes, 12);
      await assert.rejects(core.uploads.get(name), has("BLOB_UPLOAD_UNKNOWN"));
    }));

test("a blob that the repository has takes no room when it is pushed again", () =>
  withCore(under(each({ bytes: 12 })), async ({ core, context }) => {
    const announced = { size: 12, digest: blobOf("twelve bytes") };
    for (let time = 0; time < 3; time++) {
      const { id } = await core.uploads.create(repository, undefined, announced);
      const closing = { digest: announced.digest, origin: NOBODY };
      await core.uploads.writeAndCommit({ repository, id }, {}, closing, once(Buffer.from("twelve bytes")));
    }
    assert.equal((await usageOf(context.metadata))?.bytes, 12);
  }));
