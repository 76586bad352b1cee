// ManifestService over any transport.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { digestOf } from "../../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../../src/oci/media-types.ts";
import {
  byDigest,
  byTag,
  type Clients,
  imageDocument,
  pushBlob,
  pushImage,
  rejects,
  type ServiceSuite,
  utf8,
  withRegistry,
} from "./harness.ts";

const repository = "a/b";

async function tagsOf({ manifests }: Clients, name = repository): Promise<string[]> {
  return (await manifests.listTags({ repository: name })).tags.map((tag) => tag.name);
}

function indexOf(...members: readonly { readonly digest: string; readonly size: number }[]) {
  const manifests = members.map(({ digest, size }) => ({ mediaType: OCI_IMAGE_MANIFEST, digest, size }));
  return utf8(JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }));
}

export function manifestTests(suite: ServiceSuite): void {
  const check = (name: string, run: (clients: Clients) => Promise<void>) =>
    test(`${suite.name}: ${name}`, withRegistry(suite, run));

  check("a manifest comes back in its exact bytes, by tag and by digest", async (clients) => {
    const { digest, content } = await pushImage(clients, repository, { tags: ["v1", "latest"] });
    for (const reference of [byTag("v1"), byTag("latest"), byDigest(digest)]) {
      const found = await clients.manifests.getManifest({ repository, reference });
      assert.deepEqual(Buffer.from(found.content), Buffer.from(content));
      assert.deepEqual(found.descriptor?.mediaType, OCI_IMAGE_MANIFEST);
      const { descriptor } = await clients.manifests.statManifest({ repository, reference });
      assert.deepEqual(descriptor, found.descriptor);
      assert.deepEqual([descriptor?.digest, descriptor?.size], [digest, BigInt(content.length)]);
    }
  });

  check("a manifest pushed under sha512 is found under sha512", async (clients) => {
    const { config, layer, content } = imageDocument({});
    await pushBlob(clients, repository, config);
    await pushBlob(clients, repository, layer);
    const digest = digestOf(content, "sha512");
    const put = await clients.manifests.putManifest({ repository, content, digest, tags: ["v1"] });
    assert.equal(put.descriptor?.digest, digest);
    const { descriptor } = await clients.manifests.statManifest({ repository, reference: byTag("v1") });
    assert.equal(descriptor?.digest, digest);
    const other = clients.manifests.statManifest({ repository, reference: byDigest(digestOf(content)) });
    await rejects(other, Code.NotFound, "MANIFEST_UNKNOWN");
  });

  check("every missing blob is named at once and nothing is stored", async (clients) => {
    const { config, layer, content } = imageDocument({});
    const put = () => clients.manifests.putManifest({ repository, content, tags: ["v1"] });
    const facts = await rejects(
      put(),
      Code.FailedPrecondition,
      "MANIFEST_BLOB_UNKNOWN",
      "MANIFEST_BLOB_UNKNOWN",
    );
    assert.deepEqual(
      facts.map(({ digest }) => digest),
      [digestOf(config), digestOf(layer)],
    );
    await pushBlob(clients, "other", config);
    await pushBlob(clients, repository, layer);
    await rejects(put(), Code.FailedPrecondition, "MANIFEST_BLOB_UNKNOWN");
    await rejects(
      clients.manifests.statManifest({ repository, reference: byTag("v1") }),
      Code.NotFound,
      "MANIFEST_UNKNOWN",
    );
    assert.deepEqual((await clients.manifests.listRepositories({})).repositories, []);
  });

  check("an index needs its members", async (clients) => {
    const image = await pushImage(clients, repository);
    const missing = indexOf(image, { digest: digestOf(utf8("?")), size: 1 });
    const put = clients.manifests.putManifest({ repository, content: missing });
    await rejects(put, Code.FailedPrecondition, "MANIFEST_BLOB_UNKNOWN");
    const index = indexOf(image);
    const { descriptor } = await clients.manifests.putManifest({
      repository,
      content: index,
      tags: ["multi"],
    });
    assert.equal(descriptor?.mediaType, OCI_IMAGE_INDEX);
    const nested = indexOf({ digest: descriptor.digest, size: index.length });
    await clients.manifests.putManifest({ repository, content: nested, tags: ["nested"] });
  });

  check("a descriptor whose size is wrong is refused", async (clients) => {
    const image = await pushImage(clients, repository);
    const index = indexOf({ ...image, size: image.size + 1 });
    await rejects(
      clients.manifests.putManifest({ repository, content: index }),
      Code.InvalidArgument,
      "MANIFEST_INVALID",
    );
  });

  check("bad documents, digests, tags and references are refused", async ({ manifests }) => {
    const content = utf8("{}");
    await rejects(
      manifests.putManifest({ repository, content: utf8("?") }),
      Code.InvalidArgument,
      "MANIFEST_INVALID",
    );
    const large = manifests.putManifest({ repository, content: new Uint8Array(4 * 1024 * 1024 + 1) });
    const [facts] = await rejects(large, Code.InvalidArgument, "MANIFEST_INVALID");
    assert.equal(facts?.limit, String(4 * 1024 * 1024));
    const tagged = manifests.putManifest({ repository, content, tags: ["-"] });
    await rejects(tagged, Code.InvalidArgument, "TAG_INVALID");
    await rejects(manifests.getManifest({ repository }), Code.InvalidArgument, "REQUEST_INVALID");
    const unknown = manifests.getManifest({ repository, reference: byTag("nope") });
    await rejects(unknown, Code.NotFound, "MANIFEST_UNKNOWN");
  });

  check("a digest that is not the content's is refused", async (clients) => {
    const { content } = await pushImage(clients, repository);
    const put = clients.manifests.putManifest({ repository, content, digest: digestOf(utf8("x")) });
    await rejects(put, Code.InvalidArgument, "DIGEST_INVALID");
  });

  check("tags are moved only under the conditions asked for", async (clients) => {
    const one = await pushImage(clients, repository, { seed: "1", tags: ["v"] });
    const two = await pushImage(clients, repository, { seed: "2" });
    type Condition = NonNullable<
      Parameters<typeof clients.manifests.putManifest>[0]["precondition"]
    >["condition"];
    const put = (condition: NonNullable<Condition>, tag = "v") =>
      clients.manifests.putManifest({
        repository,
        content: two.content,
        tags: [tag],
        precondition: { condition },
      });
    const refused = async (call: Promise<unknown>) =>
      (await rejects(call, Code.Aborted, "PRECONDITION_FAILED"))[0]?.digest;
    assert.equal(await refused(put({ case: "absent", value: true })), one.digest);
    assert.equal(await refused(put({ case: "anyOf", value: { digests: [two.digest] } })), one.digest);
    assert.equal(await refused(put({ case: "noneOf", value: { digests: [one.digest] } })), one.digest);
    assert.equal(await refused(put({ case: "present", value: true }, "new")), undefined);
    await put({ case: "anyOf", value: { digests: [one.digest] } });
    await put({ case: "present", value: true });
    await put({ case: "absent", value: true }, "new");
    const none = clients.manifests.deleteTag({ repository, tag: "v", precondition: {} });
    await rejects(none, Code.InvalidArgument, "REQUEST_INVALID");
    const late = clients.manifests.deleteTag({
      repository,
      tag: "v",
      precondition: { condition: { case: "anyOf", value: { digests: [one.digest] } } },
    });
    assert.equal(await refused(late), two.digest);
  });

  check("of many who create the same tag only one succeeds", async (clients) => {
    const images = await Promise.all(
      Array.from({ length: 8 }, (_, index) => pushImage(clients, repository, { seed: String(index) })),
    );
    const precondition = { condition: { case: "absent", value: true } } as const;
    const outcomes = await Promise.allSettled(
      images.map(({ content }) =>
        clients.manifests.putManifest({ repository, content, tags: ["once"], precondition }),
      ),
    );
    const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
    assert.equal(winners.length, 1);
    const { descriptor } = await clients.manifests.statManifest({ repository, reference: byTag("once") });
    assert.equal(descriptor?.digest, winners[0]?.value.descriptor?.digest);
  });

  check("deleting a manifest takes its tags along, deleting a tag leaves the manifest", async (clients) => {
    const one = await pushImage(clients, repository, { seed: "1", tags: ["a", "b"] });
    const two = await pushImage(clients, repository, { seed: "2", tags: ["c", "d"] });
    const { descriptor } = await clients.manifests.deleteTag({ repository, tag: "c" });
    assert.equal(descriptor?.digest, two.digest);
    await rejects(clients.manifests.deleteTag({ repository, tag: "c" }), Code.NotFound, "MANIFEST_UNKNOWN");
    assert.deepEqual((await clients.manifests.deleteManifest({ repository, digest: one.digest })).tags, [
      "a",
      "b",
    ]);
    assert.deepEqual(await tagsOf(clients), ["d"]);
    await clients.manifests.statManifest({ repository, reference: byDigest(two.digest) });
    const again = clients.manifests.deleteManifest({ repository, digest: one.digest });
    await rejects(again, Code.NotFound, "MANIFEST_UNKNOWN");
  });

  check("tags added while their manifest is deleted never point to nothing", async (clients) => {
    const { digest, content } = await pushImage(clients, repository);
    const pushes = Array.from({ length: 20 }, (_, index) =>
      clients.manifests.putManifest({ repository, content, tags: [`t${index}`] }),
    );
    await Promise.allSettled([...pushes, clients.manifests.deleteManifest({ repository, digest })]);
    for (const tag of await tagsOf(clients))
      await clients.manifests
        .statManifest({ repository, reference: byDigest(digest) })
        .then(({ descriptor }) => assert.equal(descriptor?.digest, digest, tag));
  });

  check("tags are listed in byte order, in pages, from any place", async (clients) => {
    const { content } = await pushImage(clients, repository, { tags: ["b", "a", "C", "10", "9"] });
    await clients.manifests.putManifest({ repository: `${repository}/c`, content }).catch(() => undefined);
    assert.deepEqual(await tagsOf(clients), ["10", "9", "C", "a", "b"]);
    const first = await clients.manifests.listTags({ repository, pageSize: 2, namesOnly: true });
    assert.deepEqual(
      first.tags.map(({ name, descriptor }) => [name, descriptor]),
      [
        ["10", undefined],
        ["9", undefined],
      ],
    );
    const rest = await clients.manifests.listTags({ repository, pageToken: first.nextPageToken });
    assert.deepEqual(
      rest.tags.map(({ name }) => name),
      ["C", "a", "b"],
    );
    assert.equal(rest.nextPageToken, "");
    assert.equal(rest.tags[0]?.descriptor?.digest, digestOf(content));
    const behind = await clients.manifests.listTags({ repository, startAfter: "aa" });
    assert.deepEqual(
      behind.tags.map(({ name }) => name),
      ["b"],
    );
    await rejects(clients.manifests.listTags({ repository: "nope" }), Code.NotFound, "NAME_UNKNOWN");
  });

  check("the catalog lists what holds manifests, by path component", async (clients) => {
    for (const name of ["a-b", "a/b", "a", "b/c/d"]) await pushImage(clients, name);
    await pushBlob(clients, "blobs-only", utf8("x"));
    const names = async (request: { pageSize?: number; pageToken?: string; startAfter?: string } = {}) => {
      const page = await clients.manifests.listRepositories(request);
      return { names: page.repositories.map(({ name }) => name), next: page.nextPageToken };
    };
    assert.deepEqual((await names()).names, ["a", "a/b", "a-b", "b/c/d"]);
    const first = await names({ pageSize: 3 });
    assert.deepEqual((await names({ pageToken: first.next })).names, ["b/c/d"]);
    assert.deepEqual((await names({ startAfter: "a/a" })).names, ["a/b", "a-b", "b/c/d"]);
    const { descriptor } = await clients.manifests.statManifest({
      repository: "a",
      reference: byDigest((await pushImage(clients, "a")).digest),
    });
    await clients.manifests.deleteManifest({ repository: "a", digest: descriptor?.digest ?? "" });
    assert.deepEqual((await names()).names, ["a/b", "a-b", "b/c/d"]);
    assert.deepEqual(await tagsOf(clients, "a"), []);
  });

  check("referrers are indexed with their subject, filtered and paged", async (clients) => {
    const image = await pushImage(clients, repository);
    const later = { digest: digestOf(utf8("not yet pushed")), size: 3 };
    const sbom = { subject: image, artifactType: "application/x.sbom", annotations: { "a.b": "c" } };
    const pushed = await pushImage(clients, repository, sbom);
    await pushImage(clients, repository, { subject: image, artifactType: "application/x.signature" });
    await pushImage(clients, repository, { subject: image });
    await pushImage(clients, repository, { subject: later });
    const all = await clients.manifests.listReferrers({ repository, digest: image.digest });
    assert.equal(all.referrers.length, 3);
    const { artifactType } = sbom;
    const some = await clients.manifests.listReferrers({ repository, digest: image.digest, artifactType });
    assert.deepEqual(
      some.referrers.map((found) => [found.descriptor?.digest, found.artifactType, found.annotations]),
      [[pushed.digest, artifactType, sbom.annotations]],
    );
    const first = await clients.manifests.listReferrers({ repository, digest: image.digest, pageSize: 2 });
    const { nextPageToken: pageToken } = first;
    const second = await clients.manifests.listReferrers({ repository, digest: image.digest, pageToken });
    assert.deepEqual([...first.referrers, ...second.referrers], all.referrers);
    await clients.manifests.deleteManifest({ repository, digest: pushed.digest });
    assert.equal(
      (await clients.manifests.listReferrers({ repository, digest: image.digest })).referrers.length,
      2,
    );
    assert.equal(
      (await clients.manifests.listReferrers({ repository, digest: later.digest })).referrers.length,
      1,
    );
    assert.deepEqual(
      (await clients.manifests.listReferrers({ repository: "x", digest: later.digest })).referrers,
      [],
    );
  });

  check("the answer to a push names the subject", async (clients) => {
    const subject = { digest: digestOf(utf8("x")), size: 1 };
    const { config, layer, content } = imageDocument({ subject });
    await pushBlob(clients, repository, config);
    await pushBlob(clients, repository, layer);
    assert.equal((await clients.manifests.putManifest({ repository, content })).subject, subject.digest);
  });
}
