// Artifacts that point at an image are found again through the referrers API, however they were pushed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import type { ContainerTools } from "../support/container-tools.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { otherRegistry } from "../support/registry-process.ts";
import { putManifest } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

const SIGNATURE = "application/vnd.example.signature";
const BILL = "application/vnd.example.bill-of-materials";
const REASON =
  lacking("root", "unshare", "skopeo") || (otherRegistry !== undefined && "not every registry has referrers");

describe("referrers", { skip: REASON }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let tools: ContainerTools;
  let image: BuiltImage;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    tools = await bench.containerTools();
    image = await layout.addImage({ tag: "image", seed: "subject" });
    await push("image");
  });

  after(() => bench.close());

  it("lists artifacts that skopeo copied, and filters them by type", async () => {
    const signature = await artifact("signature", SIGNATURE);
    const bill = await artifact("bill", BILL);
    await push("signature");
    await push("bill");
    assert.deepEqual(await referrers(), [signature.digest, bill.digest].toSorted());
    assert.deepEqual(await referrers(SIGNATURE), [signature.digest]);
    assert.deepEqual(await referrers("application/vnd.example.none"), []);
  });

  it("forgets an artifact that was deleted", async () => {
    const gone = await artifact("gone", "application/vnd.example.gone");
    await push("gone");
    assert.deepEqual(await referrers("application/vnd.example.gone"), [gone.digest]);
    await tools.skopeo("delete", "--tls-verify=false", `docker://${bench.registry.image("app:gone")}`);
    assert.deepEqual(await referrers("application/vnd.example.gone"), []);
  });

  it("names the subject in the answer to a push", async () => {
    const named = await artifact("named", "application/vnd.example.named");
    await push("named"); // its blobs are there now
    const content = await readFile(layout.blobPath(named.digest));
    const { url } = bench.registry;
    const repository = bench.registry.repository("app");
    const headers = await putManifest({ url, repository, reference: named.digest }, named.mediaType, content);
    assert.equal(headers.get("oci-subject"), image.manifest.digest);
  });

  function artifact(tag: string, artifactType: string): Promise<Descriptor> {
    const { mediaType, digest, size } = image.manifest;
    return layout.addArtifact({
      tag,
      artifactType,
      subject: { mediaType, digest, size },
      content: `about ${tag}`,
    });
  }

  async function push(tag: string): Promise<void> {
    const target = `docker://${bench.registry.image(`app:${tag}`)}`;
    await tools.copy(`oci:${layout.directory}:${tag}`, target, "--preserve-digests");
  }

  async function referrers(artifactType?: string): Promise<string[]> {
    const query = artifactType === undefined ? "" : `?${new URLSearchParams({ artifactType })}`;
    const path = `/v2/${bench.registry.repository("app")}/referrers/${image.manifest.digest}${query}`;
    const response = await fetch(`${bench.registry.url}${path}`);
    assert.equal(response.headers.get("content-type"), "application/vnd.oci.image.index.v1+json");
    const index = (await response.json()) as { readonly manifests: readonly Descriptor[] };
    return index.manifests.map((manifest) => manifest.digest).toSorted();
  }
});
