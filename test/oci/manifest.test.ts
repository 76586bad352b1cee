// Reading manifests: every shape the field knows, and every way to get one wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import * as mediaTypes from "../../src/oci/media-types.ts";

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const digest = digestOf(bytes("layer"));
const config = {
  mediaType: "application/vnd.oci.image.config.v1+json",
  digest: digestOf(bytes("{}")),
  size: 2,
};
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 5 };
const image = { schemaVersion: 2, mediaType: mediaTypes.OCI_IMAGE_MANIFEST, config, layers: [layer] };
const index = {
  schemaVersion: 2,
  mediaType: mediaTypes.OCI_IMAGE_INDEX,
  manifests: [{ ...layer, mediaType: image.mediaType }],
};

function refused(message: RegExp) {
  return (error: RegistryError) => error.code === "MANIFEST_INVALID" && message.test(error.message);
}

test("an image names its config and its layers", () => {
  const manifest = parseManifest(bytes(image), image.mediaType);
  assert.deepEqual(manifest.blobs, [config, layer]);
  assert.equal(manifest.artifactType, config.mediaType);
});

test("an index names its members", () => {
  const manifest = parseManifest(bytes(index), index.mediaType);
  assert.equal(manifest.manifests[0]?.digest, digest);
  assert.equal(manifest.artifactType, undefined);
});

test("the media type comes from the document, the header, or the members", () => {
  const { mediaType: _, ...untyped } = image;
  assert.equal(parseManifest(bytes(image), "").mediaType, image.mediaType);
  assert.equal(parseManifest(bytes(untyped), "").mediaType, image.mediaType);
  assert.equal(
    parseManifest(bytes(untyped), mediaTypes.DOCKER_MANIFEST).mediaType,
    mediaTypes.DOCKER_MANIFEST,
  );
  assert.equal(parseManifest(bytes({ schemaVersion: 2, manifests: [] }), "").mediaType, index.mediaType);
  assert.equal(parseManifest(bytes(image), `${image.mediaType}; charset=utf-8`).mediaType, image.mediaType);
});

test("Docker's schema 2 and its lists are read like their OCI cousins", () => {
  const docker = { ...image, mediaType: mediaTypes.DOCKER_MANIFEST };
  assert.equal(parseManifest(bytes(docker), docker.mediaType).blobs.length, 2);
  const list = { ...index, mediaType: mediaTypes.DOCKER_MANIFEST_LIST };
  assert.equal(parseManifest(bytes(list), list.mediaType).manifests.length, 1);
});

test("subject, artifact type and annotations are kept", () => {
  const artifact = { ...image, subject: layer, artifactType: "application/x.sbom", annotations: { a: "b" } };
  const manifest = parseManifest(bytes(artifact), "");
  assert.equal(manifest.subject, digest);
  assert.equal(manifest.artifactType, "application/x.sbom");
  assert.deepEqual(manifest.annotations, { a: "b" });
});

test("layers that stay with their publisher need not be here", () => {
  const foreign = {
    ...layer,
    mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    urls: ["https://x"],
  };
  const docker = { ...layer, mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" };
  assert.deepEqual(parseManifest(bytes({ ...image, layers: [foreign, docker] }), "").blobs, [config]);
});

test("an image without layers, an artifact without blobs, and members nobody knows are fine", () => {
  assert.deepEqual(parseManifest(bytes({ ...image, layers: [], x: { y: 1 } }), "").blobs, [config]);
  const artifact = { mediaType: mediaTypes.OCI_ARTIFACT_MANIFEST, artifactType: "a/b" };
  assert.deepEqual(parseManifest(bytes(artifact), "").blobs, []);
});

test("embedded data must be the content the descriptor names", () => {
  const data = bytes("{}").toString("base64");
  assert.equal(parseManifest(bytes({ ...image, config: { ...config, data } }), "").blobs.length, 2);
  const wrong = { ...config, data: bytes("[]").toString("base64") };
  assert.throws(() => parseManifest(bytes({ ...image, config: wrong }), ""), refused(/config\.data/));
});

test("what cannot be read is refused with the reason", () => {
  const cases: readonly (readonly [unknown, string, RegExp])[] = [
    ["", "", /not JSON/],
    ["{", "", /not JSON/],
    ["[]", "", /JSON object/],
    ["null", "", /JSON object/],
    [{ ...image, schemaVersion: 3 }, "", /schemaVersion/],
    [{ ...image, schemaVersion: 1 }, "", /schemaVersion/],
    [
      { schemaVersion: 1, name: "a" },
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      /"fsLayers"/,
    ],
    [image, mediaTypes.DOCKER_MANIFEST, /contradicts/],
    [{ ...image, mediaType: 5 }, "", /mediaType must be a string/],
    [{ ...image, mediaType: "text/plain" }, "", /"text\/plain" is not one of/],
    [{ ...image, manifests: [] }, "", /must not have "manifests"/],
    [{ ...index, layers: [] }, "", /must not have "layers"/],
    [{ ...image, config: undefined }, "", /"config" must be a descriptor/],
    [{ ...image, layers: undefined }, "", /"layers" is missing/],
    [{ ...image, layers: {} }, "", /"layers" must be a list/],
    [{ ...image, layers: [{ ...layer, digest: "sha256:x" }] }, "", /layers\[0\]\.digest/],
    [{ ...image, layers: [{ ...layer, size: -1 }] }, "", /layers\[0\]\.size/],
    [{ ...image, layers: [{ ...layer, size: "5" }] }, "", /layers\[0\]\.size/],
    [{ ...image, layers: [{ digest, size: 5 }] }, "", /layers\[0\]\.mediaType/],
    [{ ...image, subject: "x" }, "", /"subject" must be a descriptor/],
    [{ ...image, annotations: { a: 1 } }, "", /annotation "a" must be a string/],
    [{ ...image, artifactType: 7 }, "", /artifactType/],
  ];
  for (const [document, declared, message] of cases)
    assert.throws(() => parseManifest(bytes(document), declared), refused(message), JSON.stringify(document));
});

test("bytes that are not UTF-8 are refused", () => {
  assert.throws(() => parseManifest(Buffer.from([0x22, 0xff, 0x22]), ""), refused(/not JSON/));
});

test("deeply nested JSON neither crashes nor passes", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  assert.throws(() => parseManifest(bytes(deep), ""), refused(/./));
});

test("an artifact type that no list or event could carry is refused", () => {
  for (const artifactType of [`application/${"x".repeat(250)}`, "application/x\ny", "application/\ud800"]) {
    assert.throws(() => parseManifest(bytes({ ...image, artifactType }), ""), refused(/"artifactType"/));
    const other = { ...image, config: { ...config, mediaType: artifactType } };
    assert.throws(() => parseManifest(bytes(other), ""), refused(/"config.mediaType"/));
  }
  assert.equal(parseManifest(bytes({ ...image, artifactType: "odd one" }), "").artifactType, "odd one");
});
