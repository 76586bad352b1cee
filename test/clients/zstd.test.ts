// Layers packed with zstd go through the registry as any other.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestHex, parseDigest } from "../../src/oci/digest.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { CONTAINER_TOOLS, type ContainerTools } from "../support/container-tools.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { lacking } from "../support/required-tools.ts";

const ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd";
const ZSTD_MAGIC = "28b52ffd";

describe("zstd layers", { skip: lacking(...CONTAINER_TOOLS) }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let tools: ContainerTools;
  let image: BuiltImage;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    tools = await bench.containerTools();
    image = await layout.addImage({ tag: "v1", seed: "zstd", layers: 2, bytesPerLayer: 1_000_000 });
  });

  after(() => bench.close());

  it("are pushed by podman, and skopeo copies them out", async () => {
    const name = bench.registry.image("podman:v1");
    const archive = join(bench.directory, "zstd.tar");
    await writeDockerArchive(archive, image, ["localhost/zstd:v1"]);
    await tools.podman("load", "--input", archive);
    const format = ["--format", "oci", "--compression-format", "zstd"];
    await tools.podman("push", "--tls-verify=false", ...format, "localhost/zstd:v1", `docker://${name}`);
    await assertZstd(name);
  });

  it("are pushed by skopeo, and podman unpacks the same files", async () => {
    const name = bench.registry.image("skopeo:v1");
    const other = await bench.containerTools("others"); // has not seen the blobs, so it must pack them
    await other.copy(`oci:${layout.directory}:v1`, `docker://${name}`, "--dest-compress-format", "zstd");
    await assertZstd(name);
    await other.podman("pull", "--tls-verify=false", name);
    const { stdout } = await other.podman("image", "inspect", "--format", "{{.Id}}", name);
    assert.equal(stdout.trim(), digestHex(image.config.digest));
  });

  async function assertZstd(name: string): Promise<void> {
    const { layers } = JSON.parse(await tools.rawManifest(name)) as {
      readonly layers: readonly Descriptor[];
    };
    assert.deepEqual(new Set(layers.map((layer) => layer.mediaType)), new Set([ZSTD_LAYER]));
    const copy = await bench.ownDirectory(name.replaceAll(/\W/g, "-"));
    await tools.copy(`docker://${name}`, `dir:${copy}`);
    for (const layer of layers) {
      const content = await readFile(join(copy, digestHex(parseDigest(layer.digest))));
      assert.equal(content.subarray(0, 4).toString("hex"), ZSTD_MAGIC);
    }
  }
});
