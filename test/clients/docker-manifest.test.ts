// docker's manifest lists: images for several architectures under one name.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, type DockerEngine } from "../support/docker-engine.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { manifestDigest, manifestMediaType } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

const ARCHITECTURES = ["amd64", "arm64", "s390x"] as const;
const MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

describe("docker manifest lists", { skip: lacking(...DOCKER_TOOLS) }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let engine: DockerEngine;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    engine = await bench.startDocker();
  });

  after(() => bench.close());

  async function pushFor(architecture: string, name: string): Promise<BuiltImage> {
    const image = await layout.addImage({ seed: "multi", architecture, bytesPerLayer: 300_000 });
    const archive = join(bench.directory, `${architecture}.tar`);
    await writeDockerArchive(archive, image, [name]);
    await engine.docker("load", "--quiet", "--input", archive);
    await engine.push(name);
    return image;
  }

  it("are pushed, and each platform pulls its own image", async () => {
    const list = `${bench.registry.image("multi")}:v1`;
    const images = await Promise.all(ARCHITECTURES.map((part) => pushFor(part, `${list}-${part}`)));
    await engine.docker(
      "manifest",
      "create",
      "--insecure",
      list,
      ...ARCHITECTURES.map((part) => `${list}-${part}`),
    );
    const { stdout } = await engine.docker("manifest", "push", "--insecure", "--purge", list);

    const about = {
      url: bench.registry.url,
      repository: bench.registry.repository("multi"),
      reference: "v1",
    };
    assert.equal(await manifestDigest(about), stdout.trim());
    assert.equal(await manifestMediaType(about), MANIFEST_LIST);
    for (const [index, architecture] of ARCHITECTURES.entries()) {
      await engine.docker("pull", "--platform", `linux/${architecture}`, list);
      assert.equal(await engine.inspect(list, "{{.Architecture}}"), architecture);
      assert.equal(await engine.inspect(list, "{{.Id}}"), images[index]?.config.digest);
    }
  });

  it("can be read back by docker manifest inspect", async () => {
    const list = `${bench.registry.image("read")}:v1`;
    await pushFor("amd64", `${list}-amd64`);
    await engine.docker("manifest", "create", "--insecure", list, `${list}-amd64`);
    await engine.docker("manifest", "push", "--insecure", "--purge", list);
    const { stdout } = await engine.docker("manifest", "inspect", "--insecure", list);
    assert.match(stdout, /"architecture": "amd64"/);
  });

  it("take over images of another repository", async () => {
    const image = `${bench.registry.image("source")}:v1`;
    const list = `${bench.registry.image("target")}:v1`;
    await pushFor("arm64", image);
    await engine.docker("manifest", "create", "--insecure", list, image);
    await engine.docker("manifest", "push", "--insecure", "--purge", list);
    await engine.docker("pull", "--platform", "linux/arm64", list);
    assert.equal(await engine.inspect(list, "{{.Architecture}}"), "arm64");
  });
});
