// Where images run: one word where a document says it, and nothing where it says something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifest } from "../../src/oci/manifest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { platformList, platformText } from "../../src/oci/platform.ts";

const digest = `sha256:${"a".repeat(64)}`;

for (const [value, text] of [
  [{ os: "linux", architecture: "amd64" }, "linux/amd64"],
  [{ os: "linux", architecture: "arm", variant: "v7" }, "linux/arm/v7"],
  [{ os: "windows", architecture: "amd64", "os.version": "10.0.1" }, "windows/amd64"],
  [{ os: "linux", architecture: "amd64", variant: "" }, "linux/amd64"],
  [{ os: "unknown", architecture: "unknown" }, undefined],
  [{ os: "linux" }, undefined],
  [{ os: "linux", architecture: "a b" }, undefined],
  [{ os: "linux", architecture: "x".repeat(33) }, undefined],
  [{ os: ["linux"], architecture: "amd64" }, undefined],
  ["linux/amd64", undefined],
  [null, undefined],
] as const)
  test(`${JSON.stringify(value)?.slice(0, 60)} is ${text}`, () => assert.equal(platformText(value), text));

test("a list has each platform once, in its order, and not more than anybody looks at", () => {
  assert.deepEqual(platformList(["b/b", undefined, "a/a", "b/b"]), ["b/b", "a/a"]);
  assert.equal(platformList([undefined]), undefined);
  assert.equal(platformList(Array.from({ length: 500 }, (_, index) => `a/${index}`))?.length, 64);
});

test("an index tells its members' platforms; what is odd about them is no reason to refuse it", () => {
  const member = (platform?: unknown) => ({ mediaType: OCI_IMAGE_MANIFEST, digest, size: 1, platform });
  const platformsOf = (...platforms: readonly unknown[]) => {
    const document = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: platforms.map(member) };
    return parseManifest(Buffer.from(JSON.stringify(document)), OCI_IMAGE_INDEX).platforms;
  };
  const linux = { os: "linux", architecture: "amd64" };
  assert.deepEqual(platformsOf(linux, { os: "unknown", architecture: "unknown" }, linux), ["linux/amd64"]);
  assert.equal(platformsOf(undefined, null, 7, "x", []), undefined);
  assert.equal(platformsOf(), undefined);
});
