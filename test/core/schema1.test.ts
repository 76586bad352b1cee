// Signed manifests of schema 1: pushed when that is allowed, served in any case, their signatures collected.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { CoreOptions } from "../../src/core/context.ts";
import type { ImportedSchema1 } from "../../src/core/manifest-document.ts";
import { heldKey, namedKey } from "../../src/metadata/keeping-keys.ts";
import { blobKey, manifestKey } from "../../src/metadata/keys.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { joinStoredSignatures, parseSignedDocument, verifySignatures } from "../../src/oci/jws.ts";
import { SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED } from "../../src/oci/media-types.ts";
import type { Reference, RepositoryName, Tag } from "../../src/oci/reference.ts";
import { payloadOf, schema1, signatureOf, signedBy, signedWith } from "../support/signed-manifests.ts";
import { has, type Study, withCore } from "./study.ts";

const repository = "library/old" as RepositoryName;
const tag = "latest" as Tag;
const layer = Buffer.from("a layer");
const layerDigest = digestOf(layer);
const payload = payloadOf(schema1([layerDigest, layerDigest]));
const digest = digestOf(payload);
const makeKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const key = makeKey();
const other = makeKey();
const signed = signedBy(payload, key);

/** What a push is made of, but for its content. */
interface PushOptions {
  readonly mediaType?: string;
  readonly tags?: readonly Tag[];
  readonly imported?: ImportedSchema1;
}

class Pusher {
  readonly #study: Study;

  constructor(study: Study) {
    this.#study = study;
  }

  async layer(): Promise<this> {
    const { uploads } = this.#study.core;
    const { id } = await uploads.create(repository);
    await uploads.write({ repository, id }, {}, chunks(layer));
    await uploads.commit({ repository, id }, layerDigest, {});
    return this;
  }

  push(content: Buffer, { mediaType = SCHEMA_1_SIGNED, tags = [tag], imported }: PushOptions = {}) {
    const request = { repository, mediaType, content, tags, ...(imported !== undefined && { imported }) };
    return this.#study.core.manifests.put(request, {});
  }

  async pull(reference: Reference) {
    const { descriptor, content } = await this.#study.core.manifests.get(repository, reference, {});
    return { descriptor, content: Buffer.from(content) };
  }
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function withLayer(
  options: Partial<CoreOptions>,
  run: (study: Study, pusher: Pusher) => Promise<void>,
): Promise<void> {
  await withCore(options, async (study) => run(study, await new Pusher(study).layer()));
}

const byTag = { kind: "tag", tag } as const;
const byDigest = { kind: "digest", digest } as const;

test("it is known by its payload's digest and served as it was pushed", async () => {
  await withLayer({ schema1: true }, async ({ core, context }, pusher) => {
    const served = { mediaType: SCHEMA_1_SIGNED, digest, size: signed.length };
    assert.deepEqual((await pusher.push(signed)).descriptor, served);
    for (const reference of [byTag, byDigest]) {
      assert.deepEqual(await pusher.pull(reference), { descriptor: served, content: signed });
      assert.deepEqual(await core.manifests.stat(repository, reference, {}), served);
    }
    assert.deepEqual(Buffer.from((await context.blobs.get(digest)) ?? []), payload);
    const form = digestOf(signed);
    assert.deepEqual((await context.metadata.get(manifestKey(repository, digest)))?.signed, {
      digest: form,
      size: signed.length,
    });
    assert.equal((await context.metadata.get(blobKey(digest)))?.size, payload.length);
    assert.equal((await context.metadata.get(blobKey(form)))?.size, signed.length);
    assert.equal(await context.metadata.get(heldKey(form)), 1);
    assert.equal(await context.metadata.get(namedKey(repository, layerDigest)), 1);
  });
});

test("the event of its push names its layer with the size that the link knows", async () => {
  await withLayer({ schema1: true }, async ({ context }, pusher) => {
    await pusher.push(signed);
    const events = await context.metadata.readEvents(0, 100);
    const pushed = events.map(({ event }) => event.fact).find((fact) => fact.kind === "manifest_pushed");
    assert.ok(pushed?.kind === "manifest_pushed");
    assert.deepEqual(
      pushed.references?.map(({ digest: named, size }) => [named, size]),
      [[layerDigest, layer.length]],
    );
    assert.equal(pushed.descriptor.size, payload.length);
  });
});

test("its media type may be told in each of the ways that distribution takes", async () => {
  for (const mediaType of [SCHEMA_1_UNSIGNED, "application/json", "", `${SCHEMA_1_SIGNED}; charset=utf-8`])
    await withLayer({ schema1: true }, async (_, pusher) => {
      const { descriptor } = await pusher.push(signed, { mediaType });
      assert.deepEqual(descriptor, { mediaType: SCHEMA_1_SIGNED, digest, size: signed.length });
    });
});

test("it is refused while it may not be pushed, and the refusal names the key", async () => {
  await withLayer({}, async ({ core }, pusher) => {
    const named = (error: RegistryError) =>
      error.code === "MANIFEST_INVALID" && /compatibility\.schema1\.enabled/.test(error.message);
    for (const mediaType of [SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED, ""])
      await assert.rejects(pusher.push(signed, { mediaType }), named);
    await assert.rejects(core.manifests.get(repository, byTag, {}), has("MANIFEST_UNKNOWN"));
  });
});

test("what is not signed, not by all its signatures, or not complete, is refused", async () => {
  await withLayer({ schema1: true }, async (_, pusher) => {
    const wrong = signedWith(payload, [
      signatureOf(payload, key),
      { ...signatureOf(payload, key), signature: "AAAA" },
    ]);
    const missing = digestOf(Buffer.from("missing"));
    await assert.rejects(pusher.push(payload), has("MANIFEST_INVALID"));
    await assert.rejects(pusher.push(payload, { mediaType: SCHEMA_1_UNSIGNED }), has("MANIFEST_INVALID"));
    await assert.rejects(pusher.push(wrong), has("MANIFEST_UNVERIFIED"));
    const incomplete = signedBy(payloadOf(schema1([missing, layerDigest])), key);
    await assert.rejects(pusher.push(incomplete), has("MANIFEST_BLOB_UNKNOWN"));
  });
});

test("pushed again with other signatures, it has all of them, by every tag", async () => {
  await withLayer({ schema1: true }, async ({ context }, pusher) => {
    await pusher.push(signed);
    const again = signedBy(payload, other);
    const stored = await pusher.push(again, { tags: ["second" as Tag] });
    const { content, descriptor } = await pusher.pull(byTag);
    assert.deepEqual(stored.descriptor, descriptor);
    assert.equal(descriptor.size, content.length);
    assert.equal(descriptor.digest, digest);
    const document = parseSignedDocument(content);
    await verifySignatures(document);
    const ids = [signed, again].map((one) => parseSignedDocument(one).signatures[0]?.keyId);
    assert.deepEqual(
      document.signatures.map(({ keyId }) => keyId),
      ids,
    );
    // The manifest holds the new form instead of the old one.
    assert.equal(await context.metadata.get(heldKey(digestOf(content))), 1);
    assert.ok(!(await context.metadata.get(heldKey(digestOf(signed)))));
    assert.ok(!(await context.metadata.get(namedKey(repository, digestOf(signed)))));
    // Nothing new: nothing changes.
    await pusher.push(signed);
    assert.deepEqual((await pusher.pull(byDigest)).content, content);
    assert.equal(await context.metadata.get(heldKey(digestOf(content))), 1);
  });
});

test("pushed at the same time with different signatures, it has all of them", async () => {
  await withLayer({ schema1: true }, async ({ context }, pusher) => {
    const documents = Array.from({ length: 5 }, () => signedBy(payload, key));
    await Promise.all(documents.map((document) => pusher.push(document)));
    const { content } = await pusher.pull(byTag);
    assert.equal(parseSignedDocument(content).signatures.length, 5);
    assert.equal(await context.metadata.get(heldKey(digestOf(content))), 1);
  });
});

test("a signed form that was damaged is replaced by what is pushed", async () => {
  await withLayer({ schema1: true }, async ({ context }, pusher) => {
    await pusher.push(signed);
    await context.blobs.delete(digestOf(signed));
    await pusher.push(signed);
    assert.deepEqual((await pusher.pull(byTag)).content, signed);
  });
});

test("deleted and pushed again with another signature, it has both and holds one form", async () => {
  await withLayer({ schema1: true, deleteEnabled: true }, async ({ core, context }, pusher) => {
    await pusher.push(signed);
    await core.manifests.delete(repository, digest, {});
    await assert.rejects(pusher.pull(byTag), has("MANIFEST_UNKNOWN"));
    await pusher.push(signedBy(payload, other));
    const { content } = await pusher.pull(byTag);
    assert.equal(parseSignedDocument(content).signatures.length, 2);
    assert.equal(await context.metadata.get(heldKey(digestOf(content))), 1);
    assert.ok(!(await context.metadata.get(heldKey(digestOf(signed)))));
  });
});

test("an import makes the digest of the payload, whether or not it may be pushed", async () => {
  await withLayer({}, async (_, pusher) => {
    const stored = [key, other].map((signer) => Buffer.from(JSON.stringify(signatureOf(payload, signer))));
    const joined = Buffer.from(joinStoredSignatures(payload, stored));
    const { descriptor } = await pusher.push(joined, { imported: "imported" });
    assert.equal(descriptor.digest, digest);
    assert.deepEqual((await pusher.pull(byTag)).content, joined);
  });
});

test("an import may keep what cannot be verified when it says so, and what was never signed", async () => {
  await withLayer({}, async ({ context }, pusher) => {
    const wrong = signedWith(payload, [{ ...signatureOf(payload, key), signature: "AAAA" }]);
    await assert.rejects(pusher.push(wrong, { imported: "imported" }), has("MANIFEST_UNVERIFIED"));
    await pusher.push(payload, { mediaType: SCHEMA_1_UNSIGNED, imported: "imported" });
    assert.deepEqual(await pusher.pull(byTag), {
      descriptor: { mediaType: SCHEMA_1_UNSIGNED, digest, size: payload.length },
      content: payload,
    });
    await pusher.push(wrong, { imported: "unverified" });
    assert.deepEqual((await pusher.pull(byTag)).content, wrong);
    assert.equal(await context.metadata.get(heldKey(digestOf(wrong))), 1);
    // Once there are signatures they stay.
    await pusher.push(payload, { mediaType: SCHEMA_1_UNSIGNED, imported: "imported" });
    assert.deepEqual((await pusher.pull(byTag)).content, wrong);
  });
});
