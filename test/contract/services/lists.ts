// Lists of tags and repositories with all that is known of them, filtered and in other
// orders than by name, over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type MessageInitShape, toJson } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { type Tag, TagSchema } from "../../../src/gen/stowage/v1/manifest_pb.ts";
import {
  type ListRepositoriesRequestSchema,
  type ListTagsRequestSchema,
  RepositoryOrder,
  TagOrder,
} from "../../../src/gen/stowage/v1/manifest_service_pb.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../../src/oci/media-types.ts";
import { eventually } from "../../support/eventually.ts";
import {
  type AllClients,
  byTag,
  type Clients,
  imageDocument,
  pushBlob,
  pushImage,
  rejects,
  type ServiceSuite,
  type Settings,
  utf8,
  withRegistry,
} from "./harness.ts";

const repository = "a/b";

type TagsRequest = MessageInitShape<typeof ListTagsRequestSchema>;
type RepositoriesRequest = MessageInitShape<typeof ListRepositoriesRequestSchema>;

/** All pages of the list. */
async function allTags({ manifests }: Clients, request: TagsRequest = {}): Promise<Tag[]> {
  const tags: Tag[] = [];
  for (let pageToken = ""; ; ) {
    const page = await manifests.listTags({ repository, details: true, pageSize: 2, ...request, pageToken });
    tags.push(...page.tags);
    pageToken = page.nextPageToken;
    if (pageToken === "") return tags;
  }
}

const namesOf = (listed: readonly { readonly name: string }[]) => listed.map(({ name }) => name);

/** Three images of different sizes, pushed one after the other. */
async function pushThree(clients: Clients): Promise<void> {
  for (const [seed, tag] of [
    ["largest of all", "m"],
    ["s", "z"],
    ["middle", "a"],
  ] as const)
    await pushImage(clients, repository, { seed, tags: [tag] });
}

export function listTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: AllClients) => Promise<void>, settings: Settings = {}) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run, settings));

  const pulls = { REGISTRY_EVENTS_PULLS_ENABLED: "true" };
  const told = "a list of tags with details tells what each is and when it was pulled";
  check(
    told,
    async (clients) => {
      const { manifests } = clients;
      const config = utf8(JSON.stringify({ architecture: "arm64", os: "linux", variant: "v8" }));
      const configDigest = await pushBlob(clients, repository, config);
      const layer = utf8("a layer");
      const layerDigest = await pushBlob(clients, repository, layer);
      const layerDescriptor = { mediaType: "application/x-layer", digest: layerDigest, size: layer.length };
      const content = utf8(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: OCI_IMAGE_MANIFEST,
          config: {
            mediaType: "application/vnd.oci.image.config.v1+json",
            digest: configDigest,
            size: config.length,
          },
          layers: [layerDescriptor, layerDescriptor],
        }),
      );
      const { descriptor } = await manifests.putManifest({ repository, content, tags: ["v1"] });
      const platform = { architecture: "arm64", os: "linux", variant: "v8" };
      const index = utf8(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: OCI_IMAGE_INDEX,
          manifests: [
            { mediaType: OCI_IMAGE_MANIFEST, digest: descriptor?.digest, size: content.length, platform },
          ],
        }),
      );
      await manifests.putManifest({ repository, content: index, tags: ["multi"] });
      const [multi, v1, ...others] = await allTags(clients);
      assert.ok(multi && v1 && others.length === 0);
      const size = content.length + config.length + layer.length;
      assert.equal(v1.totalSize, BigInt(size));
      assert.deepEqual(v1.platforms, ["linux/arm64/v8"]);
      assert.equal(multi.totalSize, BigInt(size + index.length));
      assert.deepEqual(multi.platforms, ["linux/arm64/v8"]);
      assert.equal(multi.descriptor?.mediaType, OCI_IMAGE_INDEX);
      assert.deepEqual([v1.pullCount, v1.lastPullTime, v1.updateActor], [undefined, undefined, ""]);
      const before = Date.now();
      await manifests.getManifest({ repository, reference: byTag("v1") });
      await manifests.getManifest({ repository, reference: byTag("v1") });
      const pulled = await eventually("two pulls", async () => {
        const [tag] = await allTags(clients, { filter: { names: ["v1"] } });
        return tag?.pullCount === 2n ? tag : undefined;
      });
      assert.ok(pulled.lastPullTime && timestampMs(pulled.lastPullTime) >= before);
      const last = { order: TagOrder.LAST_PULL_TIME, descending: true };
      assert.deepEqual(namesOf(await allTags(clients, last)), ["v1", "multi"]);
      const [plain] = await allTags(clients, { details: false });
      assert.deepEqual(Object.keys(toJson(TagSchema, plain ?? assert.fail()) ?? {}).sort(), [
        "descriptor",
        "name",
        "updateTime",
      ]);
    },
    pulls,
  );

  check("tags come in the order that is asked for, page by page", async (clients) => {
    await pushThree(clients);
    const orders: readonly (readonly [TagOrder, string])[] = [
      [TagOrder.UNSPECIFIED, "amz"],
      [TagOrder.NAME, "amz"],
      [TagOrder.UPDATE_TIME, "mza"],
      [TagOrder.TOTAL_SIZE, "zam"],
      [TagOrder.PULL_COUNT, "amz"],
      [TagOrder.LAST_PULL_TIME, "amz"],
    ];
    for (const [order, expected] of orders) {
      assert.equal(namesOf(await allTags(clients, { order })).join(""), expected, `order ${order}`);
      // Where all are alike, names decide, and in the same direction.
      const isAlike = order === TagOrder.PULL_COUNT || order === TagOrder.LAST_PULL_TIME;
      const other = isAlike ? expected : [...expected].reverse().join("");
      const descending = namesOf(await allTags(clients, { order, descending: true, details: false }));
      assert.equal(descending.join(""), other, `order ${order}, descending`);
    }
    const [first] = await allTags(clients, { order: TagOrder.TOTAL_SIZE, details: false, namesOnly: true });
    assert.deepEqual(toJson(TagSchema, first ?? assert.fail()), { name: "z" });
  });

  check("a filter chooses tags by name, kind and platform", async (clients) => {
    await pushThree(clients);
    await pushImage(clients, repository, { seed: "4", tags: ["chart"], artifactType: "application/x-chart" });
    const chosen = async (filter: NonNullable<TagsRequest["filter"]>, order: TagOrder = TagOrder.NAME) =>
      namesOf(await allTags(clients, { filter, order }));
    assert.deepEqual(await chosen({ names: ["?", "nothing"] }), ["a", "m", "z"]);
    assert.deepEqual(await chosen({ artifactTypes: ["application/x-*"] }), ["chart"]);
    assert.deepEqual(await chosen({ mediaTypes: [OCI_IMAGE_INDEX] }), []);
    assert.deepEqual(await chosen({ platforms: ["linux"] }), []);
    assert.deepEqual(await chosen({ names: ["[az]", "a", "z"] }, TagOrder.TOTAL_SIZE), ["z", "a"]);
    const filters = [{ names: ["a\\"] }, { platforms: ["linux/*"] }, { names: Array(101).fill("a") }];
    for (const filter of filters)
      await rejects(
        clients.manifests.listTags({ repository, filter }),
        Code.InvalidArgument,
        "FILTER_INVALID",
      );
  });

  check("a page token is good for the list it came from alone", async (clients) => {
    const { manifests } = clients;
    await pushThree(clients);
    const ways: readonly TagsRequest[] = [
      {},
      { descending: true },
      { order: TagOrder.TOTAL_SIZE },
      { order: TagOrder.TOTAL_SIZE, descending: true },
      { order: TagOrder.UPDATE_TIME },
    ];
    for (const [index, from] of ways.entries()) {
      const { nextPageToken } = await manifests.listTags({ ...from, repository, pageSize: 1 });
      assert.notEqual(nextPageToken, "");
      for (const [other, to] of ways.entries()) {
        const again = manifests.listTags({ ...to, repository, pageToken: nextPageToken });
        if (index === other) assert.equal((await again).tags.length, 2);
        else await rejects(again, Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
      }
    }
    const token = (text: string) => Buffer.from(text).toString("base64url");
    for (const text of [
      "\0",
      "\0total-size\0+\0",
      "\0total-size\0+\0x\0a",
      "\0total-size\0+\0-1\0a",
      "\0x\0+\x001\0a",
    ]) {
      const list = { repository, order: TagOrder.TOTAL_SIZE, pageToken: token(text) };
      await rejects(manifests.listTags(list), Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
    }
  });

  check("members of a request that contradict each other are refused", async (clients) => {
    await pushThree(clients);
    const wrong: readonly TagsRequest[] = [
      { namesOnly: true, details: true },
      { startAfter: "a", order: TagOrder.TOTAL_SIZE },
      { order: 99 as TagOrder },
    ];
    for (const request of wrong)
      await rejects(
        clients.manifests.listTags({ repository, ...request }),
        Code.InvalidArgument,
        "REQUEST_INVALID",
      );
    const before = await allTags(clients, { startAfter: "m", descending: true });
    assert.deepEqual(namesOf(before), ["a"]);
  });

  check("repositories come with what they hold, in the order that is asked for", async (clients) => {
    const { manifests } = clients;
    const start = Date.now();
    const small = await pushImage(clients, "a/b", { seed: "s", tags: ["1", "2", "3"] });
    await pushImage(clients, "a-b", { seed: "the largest of them", tags: ["1"] });
    await pushImage(clients, "c", { seed: "middle", tags: ["1", "2"] });
    await pushBlob(clients, "blobs-only", utf8("x".repeat(10_000)));
    const all = async (request: RepositoriesRequest) => {
      const found = [];
      for (let pageToken = ""; ; ) {
        const page = await manifests.listRepositories({ pageSize: 1, ...request, pageToken });
        found.push(...page.repositories);
        pageToken = page.nextPageToken;
        if (pageToken === "") return found;
      }
    };
    const [first] = await all({ details: true });
    const { config, layer } = imageDocument({ seed: "s" });
    assert.equal(first?.name, "a/b");
    assert.ok(first.usage && first.createTime && timestampMs(first.createTime) >= start);
    const { bytes, logicalBytes, blobs, tags, trashedManifests, pulls, lastPullTime } = first.usage;
    const size = BigInt(config.length + layer.length + small.size);
    assert.deepEqual([bytes, logicalBytes, blobs, tags], [size, size, 2n, 3n]);
    assert.deepEqual([trashedManifests, pulls, lastPullTime], [0n, 0n, undefined]);
    const orders: readonly (readonly [RepositoryOrder, readonly string[]])[] = [
      [RepositoryOrder.UNSPECIFIED, ["a/b", "a-b", "c"]],
      [RepositoryOrder.BYTES, ["a/b", "c", "a-b"]],
      [RepositoryOrder.TAGS, ["a-b", "c", "a/b"]],
      [RepositoryOrder.LAST_PUSH_TIME, ["a/b", "a-b", "c"]],
    ];
    for (const [order, expected] of orders) {
      assert.deepEqual(namesOf(await all({ order })), expected, `order ${order}`);
      const descending = namesOf(await all({ order, descending: true, details: true }));
      assert.deepEqual(descending, expected.toReversed(), `order ${order}, descending`);
    }
    const alike = await all({ order: RepositoryOrder.PULLS, descending: true });
    assert.deepEqual(namesOf(alike), ["a/b", "a-b", "c"]);
    assert.deepEqual(namesOf(await all({ filter: { names: ["a*", "c"] } })), ["a-b", "c"]);
    const { nextPageToken } = await manifests.listRepositories({ pageSize: 1, order: RepositoryOrder.TAGS });
    const other = manifests.listRepositories({ order: RepositoryOrder.BYTES, pageToken: nextPageToken });
    await rejects(other, Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
    const behind = manifests.listRepositories({ order: RepositoryOrder.BYTES, startAfter: "a" });
    await rejects(behind, Code.InvalidArgument, "REQUEST_INVALID");
  });
}
