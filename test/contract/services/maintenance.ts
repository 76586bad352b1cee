// MaintenanceService over any transport: what it tells, what it removes, and what it
// refuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { RetentionDetail } from "../../../src/gen/stowage/v1/maintenance_pb.ts";
import { FORMAT } from "../../../src/metadata/format.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import { eventually } from "../../support/eventually.ts";
import {
  type AllClients,
  imageDocument,
  pushBlob,
  pushImage,
  rejects,
  type ServiceSuite,
  type Settings,
  utf8,
  withRegistry,
  writing,
} from "./harness.ts";

const repository = "a/b";
const nowhere = `sha256:${"0".repeat(64)}`;
const NOTHING = durationFromMs(0);

/** The collector only works when it is told to. */
const QUIET = { REGISTRY_STORAGE_MAINTENANCE_GC_ENABLED: "false" };

async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

/** The items of a stream, by kind. */
async function itemsOf<Item extends { readonly case: string | undefined }>(
  stream: AsyncIterable<{ readonly item: Item }>,
): Promise<Item[]> {
  return (await all(stream)).map(({ item }) => item);
}

function ofKind<Item extends { readonly case: string | undefined }, Kind extends Item["case"]>(
  items: readonly Item[],
  kind: Kind,
) {
  return items.filter((item): item is Extract<Item, { readonly case: Kind }> => item.case === kind);
}

function lastOf<Item>(items: readonly Item[]): Item {
  return items.at(-1) ?? assert.fail("no items");
}

async function statusOf({ maintenance }: AllClients) {
  const { status } = await maintenance.getMaintenanceStatus({});
  return status ?? assert.fail("no status");
}

export function maintenanceTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: AllClients) => Promise<void>, settings: Settings = {}) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, { ...QUIET, ...settings }));

  check("what nothing needs is collected, told, and counted", async (clients) => {
    const { maintenance, manifests, blobs } = clients;
    const { config, layer, content } = imageDocument({ seed: "1" });
    const { digest } = await pushImage(clients, repository, { seed: "1", tags: ["v"] });
    await manifests.deleteManifest({ repository, digest });
    const before = await statusOf(clients);
    assert.deepEqual([before.deletedManifests, before.readOnly, before.format], [1n, false, FORMAT]);
    assert.equal(before.collection?.totals?.manifests, 0n);
    assert.ok((before.collection?.dueLater ?? 0n) > 0n);

    const kept = await itemsOf(maintenance.runCollection({ grace: NOTHING }));
    assert.deepEqual(ofKind(kept, "removed"), [], "the trash keeps it");
    assert.equal((await maintenance.purgeDeletedManifests({ repository, digest })).purged, 1n);
    const dry = await itemsOf(maintenance.runCollection({ grace: NOTHING, dryRun: true }));
    const wet = await itemsOf(maintenance.runCollection({ grace: NOTHING }));
    const removed = (items: typeof wet) => ofKind(items, "removed").map(({ value }) => value.kind);
    const blobDigests = (items: typeof wet) =>
      removed(items).flatMap((kind) => (kind.case === "blob" ? [kind.value.digest] : []));
    const gone = [config, layer, content].map((bytes) => digestOf(bytes)).sort();
    assert.deepEqual(blobDigests(wet).sort(), gone);
    assert.deepEqual(blobDigests(dry).sort(), gone, "the dry run told the same");
    assert.deepEqual(
      removed(wet).flatMap((kind) => (kind.case === "repository" ? [kind.value.repository] : [])),
      [repository],
    );
    const finished = lastOf(wet);
    assert.equal(finished.case, "finished");
    const { links, blobs: count, bytes } = finished.value;
    assert.deepEqual([links, count], [2n, 3n]);
    assert.equal(bytes, BigInt(config.length + layer.length + content.length));
    await rejects(blobs.statBlob({ repository, digest: digestOf(layer) }), Code.NotFound, "BLOB_UNKNOWN");

    const { collection } = await statusOf(clients);
    assert.deepEqual([collection?.totals?.links, collection?.totals?.blobs], [2n, 3n]);
    assert.deepEqual([collection?.totals?.bytes, collection?.dueNow], [bytes, 0n]);
    assert.ok(collection?.lastEndTime);
  });

  check("a wrong grace time is refused", async ({ maintenance }) => {
    const negative = all(maintenance.runCollection({ grace: durationFromMs(-1) }));
    await rejects(negative, Code.InvalidArgument, "REQUEST_INVALID");
  });

  check("a blob is explained by all that holds it", async (clients) => {
    const { maintenance, manifests } = clients;
    const { layer } = imageDocument({ seed: "1" });
    const layerDigest = digestOf(layer);
    const live = await pushImage(clients, repository, { seed: "1", tags: ["v", "latest"] });
    const other = await pushImage(clients, "other", { seed: "1", annotations: { a: "b" } });
    await manifests.deleteManifest({ repository: "other", digest: other.digest });
    const explained = await maintenance.explainBlob({ digest: layerDigest });
    assert.deepEqual([explained.size, explained.holderCount], [BigInt(layer.length), 4n]);
    assert.deepEqual([explained.damageTime, explained.dueTime], [undefined, undefined]);
    const holders = explained.holders.map(({ repository: name, kind }) => {
      if (kind.case === "link") return [name, kind.value.needed, kind.value.leaseUntil !== undefined];
      assert.equal(kind.case, "manifest");
      const { digest, tags, expireTime, reason } = kind.value;
      return [name, digest, [...tags].sort(), expireTime !== undefined, reason?.kind.case];
    });
    assert.deepEqual(holders, [
      [repository, true, true],
      [repository, live.digest, ["latest", "v"], false, undefined],
      ["other", true, true],
      ["other", other.digest, [], true, "requested"],
    ]);
    await rejects(maintenance.explainBlob({ digest: nowhere }), Code.NotFound, "BLOB_UNKNOWN");
    await rejects(maintenance.explainBlob({ digest: "?" }), Code.InvalidArgument, "DIGEST_INVALID");
  });

  check("a blob that nothing needs is explained by its lease", async (clients) => {
    const digest = await pushBlob(clients, repository, utf8("alone"));
    const { holders } = await clients.maintenance.explainBlob({ digest });
    const [holder] = holders;
    assert.equal(holder?.kind.case, "link");
    const { needed, leaseUntil } = holder.kind.value;
    const [least, most] = [23, 25].map((hours) => Date.now() + hours * 3_600_000);
    assert.ok(!needed && leaseUntil && least && most);
    assert.ok(timestampMs(leaseUntil) > least && timestampMs(leaseUntil) < most);
  });

  const RULES = [{ name: "two", repositories: ["a/**"], keep: { newest: 2 } }];

  check(
    "retention is simulated, applied, and remembered",
    async (clients) => {
      const { maintenance, manifests } = clients;
      const images = [];
      for (const seed of ["1", "2", "3"])
        images.push(await pushImage(clients, repository, { seed, tags: [`v${seed}`] }));
      await pushImage(clients, "other", { tags: ["v"] });
      const tagsOf = (items: Awaited<ReturnType<typeof simulate>>) =>
        ofKind(items, "tag").map(({ value }) => [value.tag, value.kept, value.rule]);
      const simulate = (request: Parameters<typeof maintenance.simulateRetention>[0]) =>
        itemsOf(maintenance.simulateRetention(request));
      const simulated = await simulate({});
      assert.deepEqual(tagsOf(simulated).sort(), [
        ["v1", false, "two"],
        ["v2", true, "two"],
        ["v3", true, "two"],
      ]);
      const sum = lastOf(simulated);
      assert.equal(sum.case, "finished");
      assert.deepEqual([sum.value.keptTags, sum.value.deletedTags, sum.value.deletedManifests], [2n, 1n, 1n]);
      assert.ok(sum.value.freedBytes > 0n);
      assert.deepEqual(tagsOf(await simulate({ detail: RetentionDetail.CHANGES })), [["v1", false, "two"]]);
      assert.deepEqual(tagsOf(await simulate({ repositories: ["other"] })), []);
      const rules = { rules: [{ repositories: ["**"], tags: ["v*"], newest: 1n }] };
      const tried = await simulate({ rules, detail: RetentionDetail.CHANGES });
      assert.deepEqual(tagsOf(tried).sort(), [
        ["v1", false, "rule 1"],
        ["v2", false, "rule 1"],
      ]);
      assert.equal((await manifests.listTags({ repository })).tags.length, 3, "nothing was done");
      assert.equal((await statusOf(clients)).retention, undefined);

      const applied = await itemsOf(maintenance.applyRetention({}));
      assert.deepEqual(
        ofKind(applied, "tag").map(({ value }) => [value.tag, value.kept, value.digest]),
        ofKind(simulated, "tag").map(({ value }) => [value.tag, value.kept, value.digest]),
      );
      assert.deepEqual(
        (await manifests.listTags({ repository })).tags.map((tag) => tag.name),
        ["v2", "v3"],
      );
      const { retention } = await statusOf(clients);
      assert.deepEqual([retention?.deletedTags, retention?.deletedManifests], [1n, 1n]);
      const [trashed] = (await manifests.listDeletedManifests({ repository })).manifests;
      assert.equal(trashed?.reason?.kind.case, "retention");
      assert.equal(trashed.reason.kind.value.rule, "two");
      const [change] = (await manifests.listTagHistory({ repository, tag: "v1" })).changes;
      assert.equal(change?.reason?.kind.case, "retention");
      await manifests.undeleteManifest({ repository, digest: images[0]?.digest ?? "" });
    },
    { REGISTRY_RETENTION_RULES: JSON.stringify(RULES) },
  );

  check("rules and patterns that are none are refused", async ({ maintenance }) => {
    const refuses = (request: Parameters<typeof maintenance.simulateRetention>[0], reason: string) =>
      rejects(all(maintenance.simulateRetention(request)), Code.InvalidArgument, reason);
    const rules = (...given: object[]) => ({ rules: { rules: given } });
    await refuses({ repositories: [""] }, "FILTER_INVALID");
    await refuses({ repositories: Array.from({ length: 101 }, () => "a") }, "FILTER_INVALID");
    await refuses(rules({ newest: 1n }), "REQUEST_INVALID");
    await refuses(rules({ repositories: ["a"] }), "REQUEST_INVALID");
    await refuses(rules({ repositories: ["a"], newest: 0n }), "REQUEST_INVALID");
    await refuses(rules({ repositories: ["a"], pushedWithin: durationFromMs(-1) }), "REQUEST_INVALID");
    await refuses(rules({ repositories: ["a"], newest: 1n, keepTags: [""] }), "FILTER_INVALID");
    await rejects(
      all(maintenance.applyRetention({ repositories: [""] })),
      Code.InvalidArgument,
      "FILTER_INVALID",
    );
  });

  check("a scrub reads all blobs and finds them good", async (clients) => {
    const { layer, config, content } = imageDocument({});
    await pushImage(clients, repository);
    const items = await itemsOf(clients.maintenance.runScrub({ bytesPerSecond: 0n }));
    const finished = lastOf(items);
    assert.equal(finished.case, "finished");
    const { blobs, bytes, damaged } = finished.value;
    assert.deepEqual([blobs, damaged], [3n, 0n]);
    assert.equal(bytes, BigInt(layer.length + config.length + content.length));
    const { scrub } = await statusOf(clients);
    assert.deepEqual([scrub?.running, scrub?.progress?.blobs], [false, 3n]);
    assert.ok(scrub?.endTime);
    const negative = all(clients.maintenance.runScrub({ bytesPerSecond: -1n }));
    await rejects(negative, Code.InvalidArgument, "SIZE_INVALID");
  });

  check("a check finds nothing wrong with what was pushed and deleted", async (clients) => {
    const { digest } = await pushImage(clients, repository, { seed: "1", tags: ["v"] });
    await pushImage(clients, repository, { seed: "2", tags: ["w"], subject: { digest, size: 1 } });
    await clients.manifests.deleteManifest({ repository, digest });
    for (const request of [{}, { catalogueOnly: true }, { repair: true, resume: true }]) {
      const items = await itemsOf(clients.maintenance.runFsck(request));
      assert.deepEqual(ofKind(items, "finding"), []);
      assert.ok(ofKind(items, "progress").length > 0);
      const finished = lastOf(items);
      assert.equal(finished.case, "finished");
      assert.deepEqual([finished.value.findings, finished.value.repaired], [0n, 0n]);
    }
  });

  check("idle uploads are purged", async (clients) => {
    const { maintenance, uploads } = clients;
    const { upload } = await uploads.createUpload({ repository });
    const uploadId = upload?.uploadId ?? "";
    await uploads.writeUpload(writing({ repository, uploadId }, utf8("part")));
    const purge = (request: Parameters<typeof maintenance.purgeUploads>[0]) =>
      itemsOf(maintenance.purgeUploads(request));
    const young = lastOf(await purge({}));
    assert.equal(young.case, "finished");
    assert.deepEqual([young.value.examined, young.value.purged], [1n, 0n]);
    const age = durationFromMs(0);
    const idle = async (dryRun: boolean) => {
      // Idle is what was written to before this millisecond.
      const items = await eventually("an idle upload", async () => {
        const found = await purge({ age, dryRun });
        return ofKind(found, "upload").length > 0 ? found : undefined;
      });
      const finished = lastOf(items);
      assert.equal(finished.case, "finished");
      assert.deepEqual([finished.value.purged, finished.value.bytes], [1n, 4n]);
      return ofKind(items, "upload").map(({ value }) => [value.repository, value.uploadId, value.size]);
    };
    assert.deepEqual(await idle(true), [[repository, uploadId, 4n]]);
    await uploads.getUpload({ repository, uploadId });
    assert.deepEqual(await idle(false), [[repository, uploadId, 4n]]);
    await rejects(uploads.getUpload({ repository, uploadId }), Code.NotFound, "BLOB_UPLOAD_UNKNOWN");
    assert.equal((await statusOf(clients)).uploadPurge?.totals?.purged, 1n);
    const negative = all(maintenance.purgeUploads({ age: durationFromMs(-1) }));
    await rejects(negative, Code.InvalidArgument, "REQUEST_INVALID");
  });

  check("a backup begins with its header and has no secrets where nobody is asked", async (clients) => {
    await pushImage(clients, repository, { tags: ["v"] });
    const messages = await all(clients.maintenance.takeSnapshot({}));
    const [first, ...rest] = messages.map(({ part }) => part);
    assert.equal(first?.case, "header");
    const { format, withSecrets, cursor, createTime } = first.value;
    assert.deepEqual([format, withSecrets], [FORMAT, false]);
    const { nextCursor } = await clients.events.listEvents({ pageSize: 1000 });
    assert.equal(cursor, nextCursor);
    assert.ok(createTime);
    const chunks = rest.map((part) => (part.case === "chunk" ? part.value : assert.fail(part.case)));
    assert.ok(chunks.every(({ length }) => length > 0 && length <= 256 * 1024));
    const bytes = Buffer.concat(chunks);
    const header: unknown = JSON.parse(bytes.subarray(0, bytes.indexOf("\n")).toString());
    assert.ok(typeof header === "object" && header !== null && "withSecrets" in header);
    assert.equal(header.withSecrets, false);
  });

  check("the trash is emptied as a whole, of a repository, or by age", async (clients) => {
    const { maintenance, manifests } = clients;
    const remove = async (name: string, seed: string) => {
      const { digest } = await pushImage(clients, name, { seed });
      await manifests.deleteManifest({ repository: name, digest });
      return digest;
    };
    const first = await remove("a", "1");
    for (const [name, seed] of [
      ["a", "2"],
      ["b", "3"],
      ["c", "4"],
    ] as const)
      await remove(name, seed);
    const purge = async (request: Parameters<typeof maintenance.purgeDeletedManifests>[0]) =>
      Number((await maintenance.purgeDeletedManifests(request)).purged);
    assert.equal(await purge({ olderThan: durationFromMs(3_600_000) }), 0);
    assert.equal(await purge({ repository: "a", digest: first }), 1);
    assert.equal(await purge({ repository: "a" }), 1);
    assert.equal((await manifests.listDeletedManifests({ repository: "a" })).manifests.length, 0);
    assert.equal(await purge({}), 2);
    assert.equal((await statusOf(clients)).deletedManifests, 0n);
    const gone = maintenance.purgeDeletedManifests({ repository: "a", digest: first });
    await rejects(gone, Code.NotFound, "MANIFEST_UNKNOWN");
    for (const request of [
      { digest: first },
      { repository: "a", digest: first, olderThan: NOTHING },
      { olderThan: durationFromMs(-1) },
    ])
      await rejects(maintenance.purgeDeletedManifests(request), Code.InvalidArgument, "REQUEST_INVALID");
  });

  check("one job of a kind runs at a time, and who leaves ends it", async (clients) => {
    const { maintenance } = clients;
    await pushBlob(clients, repository, new Uint8Array(1024 * 1024));
    const leave = new AbortController();
    // So slow that it does not end by itself.
    const slow = maintenance.runScrub({ bytesPerSecond: 1024n, restart: true }, { signal: leave.signal });
    const reading = all(slow).then(
      () => "ended",
      () => "broken off",
    );
    try {
      await eventually("the scrub", async () => (await statusOf(clients)).scrub?.running || undefined);
      const second = all(maintenance.runScrub({}));
      const [fact] = await rejects(second, Code.Aborted, "MAINTENANCE_RUNNING");
      assert.equal(fact?.job, "scrub");
      await all(maintenance.runFsck({}));
    } finally {
      leave.abort();
    }
    assert.equal(await reading, "broken off");
    const third = await eventually("the end of the first", async () =>
      itemsOf(maintenance.runScrub({ bytesPerSecond: 0n })).catch(() => undefined),
    );
    assert.equal(lastOf(third).case, "finished");
  });

  check(
    "a registry that is read-only tells, and changes nothing",
    async (clients) => {
      const { maintenance } = clients;
      assert.equal((await statusOf(clients)).readOnly, true);
      for (const stream of [
        maintenance.runCollection({}),
        maintenance.applyRetention({}),
        maintenance.runScrub({}),
        maintenance.runFsck({ repair: true }),
        maintenance.purgeUploads({}),
      ])
        await rejects(all<unknown>(stream), Code.Unimplemented, "UNSUPPORTED");
      await rejects(maintenance.purgeDeletedManifests({}), Code.Unimplemented, "UNSUPPORTED");
      await all(maintenance.runCollection({ dryRun: true }));
      await all(maintenance.simulateRetention({}));
      await all(maintenance.runFsck({}));
      await all(maintenance.purgeUploads({ dryRun: true }));
      await all(maintenance.takeSnapshot({}));
    },
    { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: "true" },
  );
}
