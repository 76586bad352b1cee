// podman and buildah build images, push them to the registry, and pull and run them.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { CONTAINER_TOOLS, type ContainerTools } from "../support/container-tools.ts";
import { noise } from "../support/generated-files.ts";
import { greetingProgram, hostMachine } from "../support/greeting-program.ts";
import { manifestDigest, manifestMediaType } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

const GREETING = "Hello from an image that was built.\n";
const PLAIN = "--tls-verify=false";
const CONTAINERFILE = 'FROM scratch\nCOPY greet data /\nCMD ["/greet"]\n';

const MANIFEST_TYPES = {
  oci: "application/vnd.oci.image.manifest.v1+json",
  v2s2: "application/vnd.docker.distribution.manifest.v2+json",
} as const;
const INDEX_TYPES = {
  oci: "application/vnd.oci.image.index.v1+json",
  v2s2: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;
const FORMATS = ["oci", "v2s2"] as const;

describe("podman and buildah", { skip: lacking(...CONTAINER_TOOLS, "runc") }, () => {
  let bench: ClientWorkbench;
  let context: string;
  let tools: ContainerTools;

  before(async () => {
    bench = await ClientWorkbench.open();
    context = await bench.ownDirectory("context");
    await writeFile(join(context, "Containerfile"), CONTAINERFILE);
    await writeFile(join(context, "greet"), greetingProgram(GREETING, hostMachine() ?? "amd64"), {
      mode: 0o755,
    });
    await writeFile(join(context, "data"), noise("podman", 2_000_000));
    tools = await bench.containerTools();
  });

  beforeEach(async () => {
    await tools.podman("image", "rm", "--all", "--force");
  });

  after(() => bench.close());

  const about = (repository: string, reference = "v1"): Parameters<typeof manifestDigest>[0] => ({
    url: bench.registry.url,
    repository: bench.registry.repository(repository),
    reference,
  });

  for (const format of FORMATS) {
    it(`buildah pushes ${format}, and podman pulls it`, async () => {
      const image = `${bench.registry.image(`buildah-${format}`)}:v1`;
      await tools.buildah("bud", "--tag", image, context);
      const digestFile = join(bench.directory, `digest-${format}`);
      await tools.buildah("push", PLAIN, "--format", format, "--digestfile", digestFile, image);
      assert.equal(await manifestMediaType(about(`buildah-${format}`)), MANIFEST_TYPES[format]);

      await tools.podman("image", "rm", "--force", image);
      await tools.podman("pull", PLAIN, image);
      const digest = await manifestDigest(about(`buildah-${format}`));
      assert.equal(await inspect(image, "{{.Digest}}"), digest);
    });

    it(`podman pushes manifest lists as ${format}`, async () => {
      const list = `${bench.registry.image(`list-${format}`)}:v1`;
      const platforms = "linux/amd64,linux/arm64";
      await tools.buildah("bud", "--platform", platforms, "--manifest", list, context);
      await tools.podman("manifest", "push", "--all", PLAIN, "--format", format, list, `docker://${list}`);
      assert.equal(await manifestMediaType(about(`list-${format}`)), INDEX_TYPES[format]);

      await tools.podman("manifest", "rm", list);
      await tools.podman("image", "rm", "--all", "--force");
      for (const architecture of ["amd64", "arm64"]) {
        await tools.podman("pull", PLAIN, "--arch", architecture, list);
        assert.equal(await inspect(list, "{{.Architecture}}"), architecture);
      }
    });
  }

  it("podman builds, pushes, pulls and runs", {
    skip: hostMachine() === undefined && "no program",
  }, async () => {
    const image = `${bench.registry.image("run")}:v1`;
    await tools.podman("build", "--tag", image, context);
    await tools.podman("push", PLAIN, image);
    await tools.podman("image", "rm", "--force", image);
    const options = ["--rm", "--network=none", "--pull=always", PLAIN];
    const { stdout } = await tools.podman("run", ...options, image);
    assert.equal(stdout, GREETING);
  });

  it("podman pulls by digest", async () => {
    const image = bench.registry.image("digest");
    await tools.podman("build", "--tag", `${image}:v1`, context);
    await tools.podman("push", PLAIN, `${image}:v1`);
    await tools.podman("image", "rm", "--all", "--force");
    const digest = await manifestDigest(about("digest"));
    await tools.podman("pull", PLAIN, `${image}@${digest}`);
    assert.equal(await inspect(`${image}@${digest}`, "{{.Digest}}"), digest);
  });

  it("podman pushes one image to several repositories and tags", async () => {
    const names = ["first:a", "first:b", "second:a"];
    await tools.podman("build", "--tag", "localhost/several:v1", context);
    for (const name of names) {
      const target = `${bench.registry.image(name)}`;
      await tools.podman("push", PLAIN, "localhost/several:v1", `docker://${target}`);
    }
    const digests = await Promise.all([
      manifestDigest(about("first", "a")),
      manifestDigest(about("first", "b")),
      manifestDigest(about("second", "a")),
    ]);
    assert.equal(new Set(digests).size, 1);
  });

  it("podman search finds repositories and their tags", async () => {
    const image = bench.registry.image("searched");
    await tools.podman("build", "--tag", `${image}:v1`, context);
    await tools.podman("push", PLAIN, `${image}:v1`);
    const found = await tools.podman("search", PLAIN, "--format", "{{.Name}}", image);
    assert.deepEqual(found.stdout.trim().split("\n"), [image]);
    const tags = await tools.podman("search", PLAIN, "--list-tags", image);
    assert.match(tags.stdout, /searched\s+v1\n/);
  });

  async function inspect(image: string, template: string): Promise<string> {
    return (await tools.podman("image", "inspect", "--format", template, image)).stdout.trim();
  }
});
