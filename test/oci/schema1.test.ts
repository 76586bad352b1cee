// What a manifest of schema 1 says, read from what is signed.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegistryError } from "../../src/oci/errors.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { OCI_IMAGE_MANIFEST, SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED } from "../../src/oci/media-types.ts";
import { isSchema1Document } from "../../src/oci/schema1.ts";
import { payloadOf, schema1 } from "../support/signed-manifests.ts";

const first = `sha256:${"1".repeat(64)}`;
const second = `sha256:${"2".repeat(64)}`;

test("it names each of its layers once, without a size", () => {
  const manifest = parseManifest(payloadOf(schema1([first, second, first])), SCHEMA_1_SIGNED);
  const mediaType = "application/vnd.docker.container.image.rootfs.diff+x-gtar";
  assert.deepEqual(manifest, {
    mediaType: SCHEMA_1_SIGNED,
    blobs: [
      { mediaType, digest: first },
      { mediaType, digest: second },
    ],
    foreign: [],
    manifests: [],
  });
});

test("it is known by what it is called and, where it is not called anything, by what it says", () => {
  const document = payloadOf(schema1([first]));
  for (const declared of [SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED, "", "application/json"])
    assert.ok(isSchema1Document(document, declared), declared);
  assert.ok(!isSchema1Document(document, OCI_IMAGE_MANIFEST));
  assert.ok(isSchema1Document(Buffer.from("{"), SCHEMA_1_SIGNED));
  for (const text of ["", "{", "[]", "null", "1", '{"schemaVersion":2}', '{"schemaVersion":"1"}'])
    assert.ok(!isSchema1Document(Buffer.from(text), ""), text);
  assert.ok(!isSchema1Document(payloadOf(schema1([], { mediaType: OCI_IMAGE_MANIFEST })), ""));
});

test("what distribution takes is taken", () => {
  const { tag, architecture, ...rest } = schema1([first]);
  for (const document of [
    rest,
    schema1([]),
    schema1([first], { name: "localhost:5000/a/b" }),
    schema1([first], { tag: "" }),
    schema1([first], { unknown: { member: [1] } }),
    schema1([`sha512:${"a".repeat(128)}`]),
  ])
    parseManifest(payloadOf(document), SCHEMA_1_SIGNED);
});

test("what cannot be read is refused with the reason", () => {
  const history = [{ v1Compatibility: "{}" }];
  const deep = `{"a":${"[".repeat(50)}${"]".repeat(50)}}`;
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from(""), /not one JSON object/],
    [Buffer.from("[]"), /not one JSON object/],
    [Buffer.from(deep), /levels deep/],
    [Buffer.from('{"schemaVersion":1,"schemaVersion":1}'), /same name/],
    [Buffer.from('{"fsLayers":[],"FſLayers":[]}'), /same name/],
    [payloadOf(schema1([], { schemaVersion: 2 })), /schemaVersion must be 1/],
    [payloadOf(schema1([], { schemaVersion: "1" })), /schemaVersion must be 1/],
    [payloadOf(schema1([], { signatures: [] })), /"signatures"/],
    [payloadOf(schema1([], { tag: 1 })), /"tag"/],
    [payloadOf(schema1([], { architecture: null })), /"architecture"/],
    [payloadOf(schema1([], { fsLayers: undefined })), /"fsLayers" must be a list/],
    [payloadOf(schema1([], { fsLayers: {} })), /"fsLayers" must be a list/],
    [payloadOf(schema1([], { history: null })), /"history" must be a list/],
    [payloadOf(schema1(["sha256:1"])), /fsLayers\[0\]\.blobSum/],
    [payloadOf(schema1([first], { fsLayers: [null] })), /fsLayers\[0\]\.blobSum/],
    [payloadOf(schema1([first], { fsLayers: [{ blobSum: [first] }] })), /fsLayers\[0\]\.blobSum/],
    [payloadOf(schema1([first, first], { history })), /"history" has 1 entries, but "fsLayers" 2/],
    [payloadOf(schema1(Array(1271).fill(first))), /1271 entries/],
    ...["", "x", "1", "[]", "null", 1, null, {}].map(
      (v1Compatibility) =>
        [payloadOf(schema1([first], { history: [{ v1Compatibility }] })), /history\[0\]/] as const,
    ),
  ];
  for (const [content, message] of cases)
    assert.throws(
      () => parseManifest(content, SCHEMA_1_SIGNED),
      (error: RegistryError) => error.code === "MANIFEST_INVALID" && message.test(error.message),
      content.toString().slice(0, 100),
    );
  for (const name of [undefined, "", 1, "A".repeat(10), `a${"b".repeat(255)}`])
    assert.throws(
      () => parseManifest(payloadOf(schema1([], { name })), SCHEMA_1_SIGNED),
      (error: RegistryError) => error.code === "NAME_INVALID",
    );
});
