// Digests, repository names, tags and references: text becomes a name, or an error that says why.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  Digester,
  digestAlgorithm,
  digestHex,
  digestOf,
  parseDigest,
  parseDigestAlgorithm,
} from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { parseReference, parseRepositoryName, parseTag } from "../../src/oci/reference.ts";

const hex = (length: number) => "0123456789abcdef".repeat(length / 16);

function refused(code: string, message: RegExp) {
  return (error: RegistryError) => error.code === code && message.test(error.message);
}

test("digests of both algorithms are read and taken apart", () => {
  for (const [algorithm, length] of [
    ["sha256", 64],
    ["sha512", 128],
  ] as const) {
    const digest = parseDigest(`${algorithm}:${hex(length)}`);
    assert.equal(digestAlgorithm(digest), algorithm);
    assert.equal(digestHex(digest), hex(length));
  }
});

test("what is not a digest is refused with the reason", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /form/],
    ["sha256", /form/],
    ["md5:d41d8cd98f00b204e9800998ecf8427e", /sha256 or sha512/],
    ["sha256:ab", /64 lower-case hex/],
    [`sha256:${hex(64).toUpperCase()}`, /64 lower-case hex/],
    [`sha512:${hex(64)}`, /128 lower-case hex/],
    [`sha256:${hex(64)}\n`, /64/],
    [`__proto__:${hex(64)}`, /sha256 or sha512/],
  ];
  for (const [text, message] of cases)
    assert.throws(() => parseDigest(text), refused("DIGEST_INVALID", message), text);
  assert.throws(() => parseDigestAlgorithm("constructor"), refused("DIGEST_INVALID", /not supported/));
});

test("a digester can be asked before it is done", () => {
  const digester = new Digester("sha512");
  digester.update(Buffer.from("ab"));
  assert.equal(digester.digest(), digestOf(Buffer.from("ab"), "sha512"));
  digester.update(Buffer.from("c"));
  assert.equal(digester.digest(), `sha512:${createHash("sha512").update("abc").digest("hex")}`);
});

test("repository names follow the specification's expression", () => {
  const good = [
    "a",
    "a/b",
    "a0/b1",
    "a.b",
    "a_b",
    "a__b",
    "a-b",
    "a---b",
    "a.b_c__d-e/f",
    `${"a".repeat(255)}`,
  ];
  const bad = [
    "",
    "A",
    "/a",
    "a/",
    "a//b",
    "a..b",
    "a___b",
    "-a",
    "a-",
    "a._b",
    "a b",
    "ä",
    "a\n",
    "a/../b",
    "a".repeat(256),
  ];
  for (const name of good) assert.equal(parseRepositoryName(name), name);
  for (const name of bad)
    assert.throws(() => parseRepositoryName(name), refused("NAME_INVALID", /repository name/), name);
});

test("a hostile name is refused without trying all ways to read it", () => {
  assert.throws(() => parseRepositoryName(`${"a-".repeat(127)}!`), refused("NAME_INVALID", /./));
  assert.throws(() => parseRepositoryName(`${"a".repeat(254)}_`), refused("NAME_INVALID", /./));
});

test("tags follow the specification's expression", () => {
  for (const tag of ["latest", "1.2.3", "_x", "A-b.C", "a".repeat(128)]) assert.equal(parseTag(tag), tag);
  for (const tag of ["", ".a", "-a", "a/b", "a:b", "a b", "a\n", "a".repeat(129)])
    assert.throws(() => parseTag(tag), refused("TAG_INVALID", /tag/), tag);
});

test("a reference with a colon is a digest, one without is a tag", () => {
  const digest = digestOf(Buffer.from("x"));
  assert.deepEqual(parseReference("v1"), { kind: "tag", tag: "v1" });
  assert.deepEqual(parseReference(digest), { kind: "digest", digest });
  assert.throws(() => parseReference("sha256:zz"), refused("DIGEST_INVALID", /sha256:zz/));
});
