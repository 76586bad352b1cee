// Deleting is soft: what tags were, what is in the trash, and bringing both back, over
// any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { digestOf } from "../../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../../src/oci/media-types.ts";
import {
  byDigest,
  byTag,
  type Clients,
  imageDocument,
  pushImage,
  rejects,
  type ServiceSuite,
  type Settings,
  utf8,
  withRegistry,
} from "./harness.ts";

const repository = "a/b";
const nowhere = `sha256:${"0".repeat(64)}`;

interface Image {
  readonly digest: string;
  readonly size: number;
}

async function pushIndex({ manifests }: Clients, members: readonly Image[], tags: readonly string[]) {
  const named = members.map(({ digest, size }) => ({ mediaType: OCI_IMAGE_MANIFEST, digest, size }));
  const content = utf8(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: named }));
  const { descriptor } = await manifests.putManifest({ repository, content, tags: [...tags] });
  return descriptor?.digest ?? assert.fail("no descriptor");
}

async function deletedOf({ manifests }: Clients) {
  return (await manifests.listDeletedManifests({ repository })).manifests;
}

async function pointsTo({ manifests }: Clients, tag: string) {
  return (await manifests.statManifest({ repository, reference: byTag(tag) })).descriptor?.digest;
}

export function trashTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>, settings: Settings = {}) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, settings));

  check("the history of a tag tells each change, newest first, in pages", async (clients) => {
    const { manifests } = clients;
    const one = await pushImage(clients, repository, { seed: "1", tags: ["v"] });
    const two = await pushImage(clients, repository, { seed: "2", tags: ["v"] });
    await manifests.deleteTag({ repository, tag: "v" });
    const { changes } = await manifests.listTagHistory({ repository, tag: "v" });
    assert.deepEqual(
      changes.map(({ fromDigest, toDigest, reason }) => [fromDigest, toDigest, reason]),
      [
        [two.digest, "", undefined],
        [one.digest, two.digest, undefined],
        ["", one.digest, undefined],
      ],
    );
    assert.ok(changes.every(({ changeTime }) => changeTime !== undefined));
    const pages: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await manifests.listTagHistory({ repository, tag: "v", pageSize: 1, pageToken });
      pages.push(...page.changes.map(({ toDigest }) => toDigest));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    assert.deepEqual(pages, ["", two.digest, one.digest]);
    assert.deepEqual((await manifests.listTagHistory({ repository, tag: "never" })).changes, []);
    const unknown = manifests.listTagHistory({ repository: "none", tag: "v" });
    await rejects(unknown, Code.NotFound, "NAME_UNKNOWN");
    const token = manifests.listTagHistory({ repository, tag: "v", pageToken: "?" });
    await rejects(token, Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
  });

  check("a tag goes back to a digest, and to what it was at a time", async (clients) => {
    const { manifests } = clients;
    const one = await pushImage(clients, repository, { seed: "1", tags: ["v"] });
    const two = await pushImage(clients, repository, { seed: "2", tags: ["v"] });
    const target = { case: "digest", value: one.digest } as const;
    const restored = await manifests.restoreTag({ repository, tag: "v", target });
    assert.deepEqual([restored.descriptor?.digest, restored.undeletedDigests], [one.digest, []]);
    assert.equal(await pointsTo(clients, "v"), one.digest);
    const { changes } = await manifests.listTagHistory({ repository, tag: "v" });
    const moved = changes[1]?.changeTime ?? assert.fail("no time");
    const back = await manifests.restoreTag({ repository, tag: "v", target: { case: "time", value: moved } });
    // All of that millisecond counts: where both changes were made within it, the later one.
    const then = changes.find(
      ({ changeTime }) => changeTime && timestampMs(changeTime) <= timestampMs(moved),
    );
    assert.equal(back.descriptor?.digest, then?.toDigest);
    assert.ok([one.digest, two.digest].includes(back.descriptor?.digest ?? ""));
  });

  check("restoring a tag takes its manifest out of the trash", async (clients) => {
    const { manifests } = clients;
    const { digest } = await pushImage(clients, repository, { tags: ["v", "w"] });
    await manifests.deleteManifest({ repository, digest });
    const target = { case: "digest", value: digest } as const;
    const absent = { condition: { case: "absent", value: true } } as const;
    const restored = await manifests.restoreTag({ repository, tag: "v", target, precondition: absent });
    assert.deepEqual(restored.undeletedDigests, [digest]);
    assert.equal(await pointsTo(clients, "v"), digest);
    assert.deepEqual(await deletedOf(clients), []);
    const taken = manifests.restoreTag({ repository, tag: "v", target, precondition: absent });
    assert.equal((await rejects(taken, Code.Aborted, "PRECONDITION_FAILED"))[0]?.digest, digest);
  });

  check("a tag is not restored to what nobody has", async ({ manifests, ...clients }) => {
    await pushImage({ manifests, ...clients }, repository, { tags: ["v"] });
    const restore = (target: Parameters<typeof manifests.restoreTag>[0]["target"]) =>
      manifests.restoreTag({ repository, tag: "v", ...(target !== undefined && { target }) });
    await rejects(restore(undefined), Code.InvalidArgument, "REQUEST_INVALID");
    await rejects(restore({ case: "digest", value: nowhere }), Code.NotFound, "MANIFEST_UNKNOWN");
    await rejects(restore({ case: "digest", value: "?" }), Code.InvalidArgument, "DIGEST_INVALID");
    const longAgo = { case: "time", value: timestampFromMs(-1000) } as const;
    await rejects(restore(longAgo), Code.NotFound, "MANIFEST_UNKNOWN");
  });

  check("a deleted index goes with its members, is listed, and comes back with them", async (clients) => {
    const { manifests } = clients;
    const one = await pushImage(clients, repository, { seed: "1" });
    const two = await pushImage(clients, repository, { seed: "2", tags: ["two"] });
    const index = await pushIndex(clients, [one, two], ["v", "latest"]);
    const subject = { digest: index, size: 1 };
    const signature = await pushImage(clients, repository, { seed: "s", subject, artifactType: "x/y" });
    const before = Date.now();
    const deleted = await manifests.deleteManifest({ repository, digest: index });
    assert.deepEqual([...deleted.tags].sort(), ["latest", "v"]);
    assert.deepEqual([...deleted.companionDigests].sort(), [one.digest, signature.digest].sort());
    const unknown = manifests.getManifest({ repository, reference: byDigest(index) });
    await rejects(unknown, Code.NotFound, "MANIFEST_UNKNOWN");
    assert.equal(await pointsTo(clients, "two"), two.digest);

    const listed = await deletedOf(clients);
    assert.deepEqual(
      listed.map(({ descriptor }) => descriptor?.digest),
      [index, one.digest, signature.digest].sort(),
    );
    const root = listed.find(({ descriptor }) => descriptor?.digest === index);
    assert.deepEqual(
      [
        root?.descriptor?.mediaType,
        root?.companions,
        root?.reason?.kind.case,
        [...(root?.tags ?? [])].sort(),
      ],
      [OCI_IMAGE_INDEX, 2, "requested", ["latest", "v"]],
    );
    assert.ok(root?.deleteTime && root.expireTime);
    assert.ok(timestampMs(root.deleteTime) >= before - 1);
    assert.equal(timestampMs(root.expireTime) - timestampMs(root.deleteTime), 168 * 3_600_000);
    const companion = listed.find(({ descriptor }) => descriptor?.digest === signature.digest);
    assert.deepEqual([companion?.artifactType, companion?.subject], ["x/y", index]);
    const why = companion?.reason?.kind;
    assert.equal(why?.case, "belonged");
    assert.equal(why.value.digest, index);

    await pushImage(clients, repository, { seed: "3", tags: ["latest"] });
    const back = await manifests.undeleteManifest({ repository, digest: index });
    assert.deepEqual([back.descriptor?.digest, back.tags, back.takenTags], [index, ["v"], ["latest"]]);
    assert.deepEqual([...back.companionDigests].sort(), [one.digest, signature.digest].sort());
    assert.equal(await pointsTo(clients, "v"), index);
    const { referrers } = await manifests.listReferrers({ repository, digest: index });
    assert.deepEqual(
      referrers.map(({ descriptor }) => descriptor?.digest),
      [signature.digest],
    );
    assert.deepEqual(await deletedOf(clients), []);
    const again = manifests.undeleteManifest({ repository, digest: index });
    await rejects(again, Code.NotFound, "MANIFEST_UNKNOWN");
  });

  check("the trash is listed in pages", async (clients) => {
    const { manifests } = clients;
    const digests: string[] = [];
    for (const seed of ["1", "2", "3"]) {
      const { digest } = await pushImage(clients, repository, { seed });
      await manifests.deleteManifest({ repository, digest });
      digests.push(digest);
    }
    const first = await manifests.listDeletedManifests({ repository, pageSize: 2 });
    const pageToken = first.nextPageToken;
    const second = await manifests.listDeletedManifests({ repository, pageSize: 2, pageToken });
    assert.deepEqual([first.manifests.length, second.nextPageToken], [2, ""]);
    assert.deepEqual(
      [...first.manifests, ...second.manifests].map(({ descriptor }) => descriptor?.digest),
      digests.sort(),
    );
    assert.deepEqual((await manifests.listDeletedManifests({ repository: "none" })).manifests, []);
    const other = await pushImage(clients, "other");
    await manifests.deleteManifest({ repository: "other", digest: other.digest });
    const everywhere: (readonly [string, string | undefined])[] = [];
    for (let pageToken = ""; ; ) {
      const page = await manifests.listDeletedManifests({ pageSize: 1, pageToken });
      everywhere.push(
        ...page.manifests.map((found) => [found.repository, found.descriptor?.digest] as const),
      );
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    assert.deepEqual(everywhere, [
      ...digests.map((digest) => [repository, digest] as const),
      ["other", other.digest],
    ]);
    const negative = manifests.listDeletedManifests({ repository, pageSize: -1 });
    await rejects(negative, Code.InvalidArgument, "PAGINATION_NUMBER_INVALID");
  });

  check("the trash of all repositories is one list", async (clients) => {
    const { manifests } = clients;
    for (const name of ["b/two", "a/one"]) {
      const { digest } = await pushImage(clients, name, { seed: name });
      await manifests.deleteManifest({ repository: name, digest });
    }
    const first = await manifests.listDeletedManifests({ pageSize: 1 });
    const second = await manifests.listDeletedManifests({ pageSize: 1, pageToken: first.nextPageToken });
    const names = [...first.manifests, ...second.manifests].map(({ repository: name }) => name);
    assert.deepEqual([names, second.nextPageToken], [["a/one", "b/two"], ""]);
  });

  check("what manifests need is not deleted, and they are named", async (clients) => {
    const { blobs, manifests } = clients;
    const { layer } = imageDocument({ seed: "1" });
    const one = await pushImage(clients, repository, { seed: "1" });
    const blob = { repository, digest: digestOf(layer) };
    const index = await pushIndex(clients, [one], ["v"]);
    const [fact] = await rejects(blobs.deleteBlob(blob), Code.FailedPrecondition, "BLOB_IN_USE");
    assert.deepEqual([fact?.repository, fact?.digest, fact?.manifest], [repository, blob.digest, one.digest]);
    const member = manifests.deleteManifest({ repository, digest: one.digest });
    const [parent] = await rejects(member, Code.FailedPrecondition, "MANIFEST_IN_USE");
    assert.equal(parent?.manifest, index);
    await manifests.deleteManifest({ repository, digest: index });
    await blobs.deleteBlob(blob);
  });

  check("of many manifests that need a blob the first 100 are named", async (clients) => {
    const { content } = await pushImage(clients, repository, { seed: "1" });
    const document = JSON.parse(Buffer.from(content).toString()) as object;
    for (let start = 0; start < 105; start += 15)
      await Promise.all(
        Array.from({ length: 15 }, (_, index) => {
          const annotations = { number: String(start + index) };
          const another = utf8(JSON.stringify({ ...document, annotations }));
          return clients.manifests.putManifest({ repository, content: another });
        }),
      );
    const blob = { repository, digest: digestOf(imageDocument({ seed: "1" }).layer) };
    const reasons = Array.from({ length: 100 }, () => "BLOB_IN_USE");
    const facts = await rejects(clients.blobs.deleteBlob(blob), Code.FailedPrecondition, ...reasons);
    assert.equal(new Set(facts.map(({ manifest }) => manifest)).size, 100);
  });

  check(
    "what manifests need is deleted where that is allowed",
    async (clients) => {
      const one = await pushImage(clients, repository, { seed: "1" });
      await pushIndex(clients, [one], ["v"]);
      await clients.blobs.deleteBlob({ repository, digest: digestOf(imageDocument({ seed: "1" }).layer) });
      await clients.manifests.deleteManifest({ repository, digest: one.digest });
    },
    { REGISTRY_STORAGE_DELETE_REFERENCED: "allow" },
  );
}
