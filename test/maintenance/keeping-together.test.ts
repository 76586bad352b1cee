// Everybody at once: pushes, mounts, deletions, restorations and collecting, each in the
// middle of the others. Whatever came of it, what is live is whole, the counters are
// right, and once all is deleted nothing is left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { readStoredManifest } from "../../src/core/manifest-content.ts";
import { NOBODY } from "../../src/core/origin.ts";
import { Collector } from "../../src/maintenance/collector/collector.ts";
import { digestEntryOf } from "../../src/metadata/entry-names.ts";
import { trash } from "../../src/metadata/keeping-keys.ts";
import { linkKey, manifestKey, manifests } from "../../src/metadata/keys.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_ARTIFACT_MANIFEST, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag, type RepositoryName } from "../../src/oci/reference.ts";
import { blobOf, pushBlob, pushImage, pushIndex } from "../core/pictures.ts";
import { type Study, withCore } from "../core/study.ts";
import { findings, rows } from "./checking.ts";

const REPOSITORIES = ["a/b", "c"].map(parseRepositoryName);
const LAYERS = ["one", "two", "three", "four"];
const TAGS = ["v1", "v2", "latest"];
const WORKERS = 8;
/** After each phase everything stands still for a check. */
const PHASES = 12;
const ROUNDS = 25;
const TIMES = { graceMs: 2000, trashAgeMs: 1000, tagHistoryMs: 1000 };

/** What may become of a request when others delete at the same time. */
const EXPECTED = [
  "MANIFEST_UNKNOWN",
  "MANIFEST_IN_USE",
  "MANIFEST_BLOB_UNKNOWN",
  "BLOB_UNKNOWN",
  "BLOB_IN_USE",
  "NAME_UNKNOWN",
];

function one<T>(choices: readonly T[]): T {
  const chosen = choices[Math.floor(Math.random() * choices.length)];
  assert.ok(chosen !== undefined);
  return chosen;
}

const some = <T>(choices: readonly T[]): readonly T[] => choices.filter(() => Math.random() < 0.5);

async function live({ context }: Study, repository: RepositoryName): Promise<readonly Descriptor[]> {
  const entries = await context.metadata.page(manifests, { limit: 1000 });
  return entries.flatMap(({ name, record }) => {
    const place = digestEntryOf(name);
    if (record === undefined || place.repository !== repository) return [];
    return [{ mediaType: record.mediaType, digest: place.digest, size: record.size }];
  });
}

type Act = (study: Study, repository: RepositoryName) => Promise<unknown>;

/** The same bytes, called by one of two names. */
async function pushTwoFaced({ core }: Study, repository: RepositoryName): Promise<void> {
  const describe = (text: string) => ({ mediaType: "a/b", digest: blobOf(text), size: text.length });
  for (const text of ["{}", "one"]) await pushBlob(core, text, repository);
  const document = { schemaVersion: 2, config: describe("{}"), layers: [describe("one")] };
  const content = Buffer.from(JSON.stringify(document));
  const mediaType = one([OCI_IMAGE_MANIFEST, OCI_ARTIFACT_MANIFEST]);
  await core.manifests.put({ repository, mediaType, content, tags: [] }, NOBODY);
}

const ACTS: readonly Act[] = [
  ({ core }, repository) => pushImage(core, some(LAYERS), { repository, tags: some(TAGS) }),
  ({ core }, repository) => pushImage(core, some(LAYERS), { repository }),
  pushTwoFaced,
  async (study, repository) => {
    const members = some(await live(study, repository)).slice(0, 3);
    await pushIndex(study.core, members, { repository, tags: some(TAGS) });
  },
  async (study, repository) => {
    const subject = one(await live(study, repository));
    const tags = Math.random() < 0.3 ? [`${subject.digest.replace(":", "-")}.sig`] : [];
    await pushImage(study.core, ["signature"], { repository, subject, tags });
  },
  async (study, repository) => {
    const { digest } = one(await live(study, repository));
    await study.core.manifests.delete(repository, digest, NOBODY);
  },
  async ({ core }, repository) => core.tags.delete({ repository, tag: parseTag(one(TAGS)) }, NOBODY),
  async ({ core }, repository) => {
    const { items } = await core.trash.list(repository, { limit: 100 });
    await core.trash.restore(repository, one(items).digest, NOBODY);
  },
  async ({ core }, repository) => {
    const tag = parseTag(one(TAGS));
    const { items } = await core.tagHistory.list(repository, tag, { limit: 9 });
    const digest = one(items).from;
    if (digest === undefined) return;
    await core.tagHistory.restore({ repository, tag, target: { kind: "digest", digest } }, NOBODY);
  },
  ({ core }, repository) =>
    core.blobs.mount({ repository, digest: blobOf(one(LAYERS)), from: one(REPOSITORIES) }, NOBODY),
  ({ core }, repository) => core.blobs.stat(repository, blobOf(one(LAYERS))),
  ({ core }, repository) => core.blobs.delete(repository, blobOf(one(LAYERS)), NOBODY),
  async ({ core }, repository) => {
    const { id } = await core.uploads.create(repository);
    await setImmediate();
    await core.uploads.cancel({ repository, id }, NOBODY);
  },
];

async function work(study: Study): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    study.clock.time += Math.floor(Math.random() * 5);
    await one(ACTS)(study, one(REPOSITORIES)).catch(expected);
    await setImmediate();
  }
}

/** Nothing to choose from is no failure either. */
function expected(error: unknown): void {
  if (error instanceof assert.AssertionError) return;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!EXPECTED.includes(code)) throw error;
}

async function collect({ context }: Study): Promise<void> {
  for await (const _ of new Collector({ context, rate: 0 }).run());
}

/** Each live manifest has its bytes, its blobs and its members. */
async function checkLive({ context }: Study): Promise<void> {
  for (const { name, record } of await context.metadata.page(manifests, { limit: 1000 })) {
    const { repository, digest } = digestEntryOf(name);
    assert.ok(record);
    const manifest = await readStoredManifest(context, digest, record);
    assert.ok(manifest, `the bytes of ${digest}`);
    for (const blob of manifest.blobs) {
      assert.ok(await context.metadata.get(linkKey(repository, blob.digest)), `the link to ${blob.digest}`);
      assert.ok((await context.blobs.stat(blob.digest)) !== undefined, `the bytes of ${blob.digest}`);
    }
    for (const member of manifest.manifests)
      assert.ok(
        await context.metadata.get(manifestKey(repository, member.digest)),
        `member ${member.digest}`,
      );
  }
}

test(
  "what everybody does at once leaves what is live whole, and in the end nothing",
  { timeout: 60_000 },
  () =>
    withCore({ deleteEnabled: true, ...TIMES }, async (study) => {
      const { core, context, clock } = study;
      for (let phase = 0; phase < PHASES; phase++) {
        let isOver = false;
        const collecting = (async () => {
          while (!isOver) {
            await collect(study);
            await setImmediate();
          }
        })();
        await Promise.all(Array.from({ length: WORKERS }, () => work(study))).finally(() => {
          isOver = true;
        });
        await collecting;
        await checkLive(study);
      }
      assert.deepEqual(await findings(context), []);
      for (const repository of REPOSITORIES)
        for (let left = await live(study, repository); left.length > 0; left = await live(study, repository))
          for (const { digest } of left)
            await core.manifests.delete(repository, digest, NOBODY).catch(expected);
      for (let passes = 0; passes < 8; passes++) {
        clock.time += 2000;
        await collect(study);
      }
      assert.deepEqual(await context.metadata.page(trash, { limit: 9 }), []);
      clock.time += 2 * 60 * 60 * 1000;
      await core.uploads.forgetClosed();
      await collect(study);
      assert.deepEqual(await rows(context.metadata), {});
      for await (const { digest } of context.blobs.list()) assert.fail(`the bytes of ${digest}`);
    }),
);
