// Signed manifests of schema 1, as versions of distribution stored them: with their signatures beside them, or without.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { type Digest, digestHex, digestOf } from "../../src/oci/digest.ts";
import { parseSignedDocument, verifySignatures } from "../../src/oci/jws.ts";
import { signPayload } from "../../src/oci/jws-sign.ts";
import { parseRepositoryName, parseTag } from "../../src/oci/reference.ts";
import type { DistributionTree } from "./distribution-tree.ts";
import { type ImportBench, withImport } from "./import-bench.ts";

const OLD = parseRepositoryName("acme/old");
const SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A payload and signatures of it, each as JSON. */
async function signed(tree: DistributionTree, signatures: number) {
  const layer = await tree.layer(OLD, "a layer");
  const document = {
    ...{ schemaVersion: 1, name: OLD, tag: "v1", architecture: "amd64" },
    fsLayers: [{ blobSum: layer }],
    history: [{ v1Compatibility: '{"id":"x"}' }],
  };
  const payload = Buffer.from(JSON.stringify(document, null, 3));
  const texts = Array.from({ length: signatures }, () => {
    const whole = signPayload(payload, newKey(), Date.now());
    return JSON.stringify(JSON.parse(Buffer.from(whole).toString()).signatures[0]);
  });
  const { digest } = await tree.manifest(OLD, payload.toString(), ["v1"]);
  return { payload, texts, digest };
}

async function storeSignature(tree: DistributionTree, manifest: Digest, text: string): Promise<string> {
  const digest = await tree.blob(text);
  const below = ["_manifests/revisions/sha256", digestHex(manifest), "signatures/sha256", digestHex(digest)];
  const link = tree.path(OLD, ...below, "link");
  await tree.write(link, digest);
  return link;
}

function pull({ core }: ImportBench) {
  return core.manifests.get(OLD, { kind: "tag", tag: parseTag("v1") }, {});
}

test("stored signatures are merged into the document that is served", () =>
  withImport(async (bench) => {
    const { tree, run } = bench;
    const { payload, texts, digest } = await signed(tree, 3);
    for (const text of texts) await storeSignature(tree, digest, text);
    const { findings } = await run();
    assert.deepEqual(findings, []);
    const { content, descriptor } = await pull(bench);
    assert.deepEqual([descriptor.digest, descriptor.mediaType], [digest, SIGNED]);
    const document = parseSignedDocument(content);
    assert.ok(Buffer.from(document.payload).equals(payload));
    assert.equal(document.signatures.length, 3);
    await verifySignatures(document);
  }));

test("without stored signatures it is signed anew, as the old registry does when it serves it", () =>
  withImport(async (bench) => {
    const { digest } = await signed(bench.tree, 0);
    const { findings } = await bench.run();
    assert.deepEqual(findings, []);
    const { content, descriptor } = await pull(bench);
    assert.deepEqual([descriptor.digest, descriptor.mediaType], [digest, SIGNED]);
    const document = parseSignedDocument(content);
    assert.equal(digestOf(document.payload), digest);
    await verifySignatures(document);
  }));

test("a signature that is missing or unreadable is named; the others are served", () =>
  withImport(async (bench) => {
    const { tree, run } = bench;
    const { texts, digest } = await signed(tree, 2);
    const [first = "", second = ""] = texts;
    await storeSignature(tree, digest, first);
    await storeSignature(tree, digest, second);
    await tree.remove(tree.blobPath(digestOf(Buffer.from(second))));
    const { findings } = await run();
    assert.deepEqual(
      findings.map(({ kind, digest: of }) => [kind, of]),
      [["signature", digest]],
    );
    assert.equal(parseSignedDocument((await pull(bench)).content).signatures.length, 1);
  }));

test("a wrong signature is named and kept", () =>
  withImport(async (bench) => {
    const { tree, run } = bench;
    const { texts, digest } = await signed(tree, 1);
    const wrong = JSON.parse(texts[0] ?? "{}");
    const other = signPayload(Buffer.from('{"other":true}'), newKey(), 0);
    const { signature } = JSON.parse(Buffer.from(other).toString()).signatures[0];
    await storeSignature(tree, digest, JSON.stringify({ ...wrong, signature }));
    const { findings } = await run();
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ["signature"],
    );
    assert.match(findings[0]?.reason ?? "", /kept as it is/);
    await assert.rejects(verifySignatures(parseSignedDocument((await pull(bench)).content)));
  }));
