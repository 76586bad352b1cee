// Signed manifests of schema 1, which skopeo still makes, docker still pulls, and distribution 2.8 still keeps: both
// registries answer alike.
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { parseSignedDocument, verifySignatures } from "../../src/oci/jws.ts";
import { SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED } from "../../src/oci/media-types.ts";
import { ContainerTools } from "../support/container-tools.ts";
import { DISTRIBUTION, DistributionRegistry } from "../support/distribution-registry.ts";
import { DockerEngine } from "../support/docker-engine.ts";
import { type BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { payloadOf, schema1, signatureOf, signedBy, signedWith } from "../support/signed-manifests.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const PLAIN = "--tls-verify=false";
const REPOSITORY = "library/old";

describe("schema 1", { skip: lacking("root", "unshare", "skopeo", DISTRIBUTION) }, () => {
  let directory: string;
  let registry: LocalRegistry;
  let peer: DistributionRegistry;
  let peerUrl: string;
  let tools: ContainerTools;
  let layout: ImageLayout;
  let image: BuiltImage;
  let layer: string;
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const own = async (name: string) => {
      await mkdir(join(directory, name));
      return join(directory, name);
    };
    const sections = { compatibility: { schema1: { enabled: true } } };
    registry = await LocalRegistry.start({ directory: await own("registry"), sections });
    peer = await DistributionRegistry.start({ directory: await own("peer") });
    peerUrl = `http://${peer.host}`;
    tools = await ContainerTools.create(await own("tools"));
    layout = await ImageLayout.create(await own("layout"));
    image = await layout.addImage({ tag: "one", seed: "one", layers: 3, command: ["/bin/true"] });
    for (const host of [registry.host, peer.host])
      await tools.copy(
        `oci:${layout.directory}:one`,
        `docker://${host}/${REPOSITORY}:v1`,
        "--format",
        "v2s1",
      );
    const pulled = await ask(registry.url, "v1");
    layer = pulled.layers[0] ?? "";
  });

  after(async () => {
    await registry?.stop();
    await peer?.stop();
    await removeTemporaryDirectory(directory);
  });

  async function push(url: string, content: Buffer, mediaType = SCHEMA_1_SIGNED, reference = "pushed") {
    const address = `${url}/v2/${REPOSITORY}/manifests/${reference}`;
    const headers = { "content-type": mediaType };
    const response = await fetch(address, { method: "PUT", headers, body: new Uint8Array(content) });
    const codes = (await response.text()).match(/(?<="code":")[A-Z_]+/g) ?? [];
    const location = response.headers.get("location");
    return {
      status: response.status,
      codes,
      digest: response.headers.get("docker-content-digest"),
      location: location === null ? null : new URL(location, url).pathname,
    };
  }

  it("pushed by skopeo to both has the digest of its payload, and the same payload", async () => {
    const [ours, theirs] = [await ask(registry.url, "v1"), await ask(peerUrl, "v1")];
    assert.deepEqual(ours.facts, theirs.facts);
    assert.equal(ours.facts.mediaType, SCHEMA_1_SIGNED);
    assert.equal(ours.facts.digest, digestOf(ours.payload));
    assert.deepEqual(ours.payload, theirs.payload);
  });

  it("is served by tag and by digest, whole and described, whatever is accepted", async () => {
    const { digest } = (await ask(registry.url, "v1")).facts;
    for (const accept of [undefined, SCHEMA_1_SIGNED, "application/vnd.oci.image.manifest.v1+json"])
      for (const reference of ["v1", digest]) {
        const address = `${registry.url}/v2/${REPOSITORY}/manifests/${reference}`;
        const headers = accept === undefined ? {} : { accept };
        const got = await fetch(address, { headers });
        const length = String((await got.arrayBuffer()).byteLength);
        const described = await fetch(address, { method: "HEAD", headers });
        for (const answer of [got, described]) {
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.get("content-length"), length);
          assert.equal(answer.headers.get("content-type"), SCHEMA_1_SIGNED);
          assert.equal(answer.headers.get("docker-content-digest"), digest);
          assert.equal(answer.headers.get("etag"), `"${digest}"`);
        }
        const etag = { ...headers, "if-none-match": `"${digest}"` };
        assert.equal((await fetch(address, { headers: etag })).status, 304);
      }
  });

  it("comes back through skopeo with every layer, from both the same", async () => {
    const copies = [];
    for (const [name, host] of Object.entries({ ours: registry.host, theirs: peer.host })) {
      const back = join(directory, name);
      await tools.skopeo(
        "copy",
        "--src-tls-verify=false",
        `docker://${host}/${REPOSITORY}:v1`,
        `dir:${back}`,
      );
      const manifest = parseSignedDocument(await readFile(join(back, "manifest.json")));
      await verifySignatures(manifest);
      const layers = JSON.parse(manifest.payload.toString()).fsLayers as { readonly blobSum: string }[];
      for (const { blobSum } of layers)
        assert.equal(digestOf(await readFile(join(back, blobSum.slice("sha256:".length)))), blobSum);
      copies.push(Buffer.from(manifest.payload).toString());
    }
    assert.equal(copies[0], copies[1]);
    const { digest } = (await ask(registry.url, "v1")).facts;
    await tools.skopeo("inspect", PLAIN, `docker://${registry.host}/${REPOSITORY}@${digest}`);
  });

  it("is pulled by docker, by tag and by digest", { skip: lacking("dockerd", "docker") }, async (t) => {
    await mkdir(join(directory, "docker"));
    const docker = await DockerEngine.start(join(directory, "docker"));
    t.after(() => docker.stop());
    const { digest } = (await ask(registry.url, "v1")).facts;
    for (const reference of [`:v1`, `@${digest}`])
      await docker.docker("pull", `${registry.host}/${REPOSITORY}${reference}`);
    const layers = await docker.inspect(`${registry.host}/${REPOSITORY}:v1`, "{{json .RootFS.Layers}}");
    assert.deepEqual(
      JSON.parse(layers),
      image.layerTars.map((tar) => digestOf(tar)),
    );
  });

  it("with any key, pushed in any way, is answered as by the peer", async () => {
    const keys: readonly KeyObject[] = [
      key,
      ...["P-384", "P-521"].map((namedCurve) => generateKeyPairSync("ec", { namedCurve }).privateKey),
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    ];
    const documents = [
      ...keys.map((signer) => signedBy(payloadOf(schema1([layer])), signer)),
      signedBy(payloadOf(schema1([layer, layer])), ...keys),
      signedBy(payloadOf(schema1([])), key),
      signedBy(payloadOf(schema1([layer], { name: "another/name", tag: "another" })), key),
      signedBy(payloadOf(schema1([layer], { tag: "" })), key),
    ];
    for (const document of documents) {
      const { payload } = parseSignedDocument(document);
      for (const mediaType of [SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED, "application/json"])
        for (const reference of ["pushed", digestOf(payload)]) {
          const ours = await push(registry.url, document, mediaType, reference);
          assert.deepEqual(ours, await push(peerUrl, document, mediaType, reference));
          assert.equal(ours.status, 201);
        }
      const [ours, theirs] = [await ask(registry.url, "pushed"), await ask(peerUrl, "pushed")];
      assert.deepEqual(ours.facts, theirs.facts);
      assert.deepEqual(ours.payload, theirs.payload);
    }
  });

  it("that is wrong is refused as by the peer", async () => {
    const payload = payloadOf(schema1([layer]));
    const signed = signedBy(payload, key).toString();
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const foreign = { ...signatureOf(payload, key), signature: signatureOf(payload, other).signature };
    const cases: readonly (readonly [string, Buffer])[] = [
      ["unsigned", payload],
      ["without signatures", signedWith(payload, [])],
      ["changed", Buffer.from(signed.replace('"amd64"', '"arm64"'))],
      ["signed by another", signedWith(payload, [foreign])],
      ["partly signed by another", signedWith(payload, [signatureOf(payload, key), foreign])],
      ["of a key with another id", Buffer.from(signed.replace(/"kid": "..../, '"kid": "AAAA'))],
      ["named badly", signedBy(payloadOf(schema1([layer], { name: "" })), key)],
      ["no JSON", Buffer.from("{")],
    ];
    for (const [name, content] of cases)
      for (const mediaType of [SCHEMA_1_SIGNED, SCHEMA_1_UNSIGNED]) {
        const ours = await push(registry.url, content, mediaType, "refused");
        assert.deepEqual(ours, await push(peerUrl, content, mediaType, "refused"), name);
        assert.equal(ours.status, 400, name);
      }
    const wrong = `sha256:${"0".repeat(64)}`;
    const ours = await push(registry.url, Buffer.from(signed), SCHEMA_1_SIGNED, wrong);
    assert.deepEqual(ours, await push(peerUrl, Buffer.from(signed), SCHEMA_1_SIGNED, wrong));
    assert.deepEqual(ours.codes, ["DIGEST_INVALID"]);
    const incomplete = signedBy(payloadOf(schema1([wrong])), key);
    for (const url of [registry.url, peerUrl])
      assert.deepEqual((await push(url, incomplete)).codes, ["MANIFEST_BLOB_UNKNOWN"]);
  });

  it("is served, though not taken any more, when it is switched off", async () => {
    const before = await ask(registry.url, "v1");
    await registry.stop();
    await registry.configure();
    await registry.restart();
    const { payload, facts } = await ask(registry.url, "v1");
    assert.deepEqual({ payload, facts }, { payload: before.payload, facts: before.facts });
    const document = signedBy(payloadOf(schema1([layer])), key);
    assert.deepEqual((await push(registry.url, document)).codes, ["MANIFEST_INVALID"]);
  });
});

/** What a registry says of a signed manifest, without what is its own: the signatures, and so the length. */
async function ask(url: string, reference: string) {
  const response = await fetch(`${url}/v2/${REPOSITORY}/manifests/${reference}`);
  const content = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, content.toString());
  const document = parseSignedDocument(content);
  await verifySignatures(document);
  const payload = Buffer.from(document.payload);
  const { fsLayers } = JSON.parse(payload.toString()) as {
    readonly fsLayers: { readonly blobSum: string }[];
  };
  const { headers } = response;
  return {
    payload,
    layers: fsLayers.map(({ blobSum }) => blobSum),
    facts: {
      mediaType: headers.get("content-type"),
      digest: headers.get("docker-content-digest"),
      etag: headers.get("etag"),
    },
  };
}
