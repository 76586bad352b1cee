// docker's own engine pushes to the registry and pulls from it.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, type DockerEngine } from "../support/docker-engine.ts";
import { noise } from "../support/generated-files.ts";
import { greetingProgram, hostMachine } from "../support/greeting-program.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { manifestDigest, tagsOf } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

const GREETING = "Hello from an image that was pulled.\n";

describe("docker engine", { skip: lacking(...DOCKER_TOOLS) }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let engine: DockerEngine;
  let image: BuiltImage;
  let name: string;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    engine = await bench.startDocker();
    name = bench.registry.image("app");
    image = await layout.addImage(runnable("app"));
  });

  beforeEach(() => load(image, `${name}:v1`));

  after(() => bench.close());

  async function load(loaded: BuiltImage, ...names: string[]): Promise<void> {
    const archive = join(bench.directory, "archive.tar");
    await writeDockerArchive(archive, loaded, names);
    await engine.docker("load", "--quiet", "--input", archive);
  }

  const digestOf = (repository: string, reference: string): Promise<string | undefined> =>
    manifestDigest({ url: bench.registry.url, repository: bench.registry.repository(repository), reference });

  it("pulls what it pushed, by tag and by digest", async () => {
    const { digest } = await engine.push(`${name}:v1`);
    assert.equal(await digestOf("app", "v1"), digest);

    for (const reference of [`${name}:v1`, `${name}@${digest}`]) {
      await engine.docker("image", "rm", "--force", image.config.digest);
      await engine.docker("pull", reference);
      assert.equal(await engine.inspect(reference, "{{.Id}}"), image.config.digest);
      assert.equal(await engine.inspect(reference, "{{index .RepoDigests 0}}"), `${name}@${digest}`);
    }
  });

  it("runs what it pulled", {
    skip: hostMachine() === undefined && "no program for this machine",
  }, async () => {
    await engine.push(`${name}:v1`);
    await engine.docker("image", "rm", "--force", image.config.digest);
    const { stdout } = await engine.docker("run", "--rm", "--network=none", "--pull=always", `${name}:v1`);
    assert.ok(stdout.endsWith(GREETING), stdout);
  });

  it("uploads no layer twice", async () => {
    const first = await engine.push(`${name}:v1`);
    const second = await engine.push(`${name}:v1`);
    assert.equal(second.digest, first.digest);
    assert.equal(count(second.output, "Layer already exists"), image.layerTars.length);
  });

  it("mounts layers from the repository they came from", async () => {
    await engine.push(`${name}:v1`);
    const other = bench.registry.image("mounted/app");
    await engine.docker("tag", `${name}:v1`, `${other}:v1`);
    const { output, digest } = await engine.push(`${other}:v1`);
    assert.equal(
      count(output, `Mounted from ${bench.registry.repository("app")}`),
      image.layerTars.length,
      output,
    );
    assert.equal(await digestOf("mounted/app", "v1"), digest);
  });

  it("pushes all tags of a repository at once", async () => {
    const many = bench.registry.image("many");
    const images = await Promise.all(["a", "b", "c"].map((tag) => layout.addImage({ seed: `many-${tag}` })));
    for (const [index, tag] of ["a", "b", "c"].entries())
      await load(images[index] ?? image, `${many}:${tag}`);
    await engine.docker("push", "--all-tags", many);
    assert.deepEqual(await tagsOf(bench.registry.url, bench.registry.repository("many")), ["a", "b", "c"]);
  });

  it("pulls all tags of a repository at once", async () => {
    const many = bench.registry.image("pulled");
    for (const tag of ["a", "b"]) {
      await load(await layout.addImage({ seed: `pulled-${tag}` }), `${many}:${tag}`);
      await engine.push(`${many}:${tag}`);
      await engine.docker("image", "rm", "--force", `${many}:${tag}`);
    }
    await engine.docker("pull", "--all-tags", many);
    const { stdout } = await engine.docker("image", "ls", "--format", "{{.Tag}}", many);
    assert.deepEqual(stdout.trim().split("\n").toSorted(), ["a", "b"]);
  });

  it("pushes images that share layers side by side", async () => {
    const names = ["one", "two", "three"].map((repository) => `${bench.registry.image(repository)}:v1`);
    const shared = await layout.addImage({ seed: "shared", layers: 4, bytesPerLayer: 1_000_000 });
    await load(shared, ...names);
    const pushed = await Promise.all(names.map((pushedName) => engine.push(pushedName)));
    assert.equal(new Set(pushed.map((push) => push.digest)).size, 1);
    await engine.docker("image", "rm", "--force", shared.config.digest);
    for (const pulled of names) {
      await engine.docker("pull", pulled);
      assert.equal(await engine.inspect(pulled, "{{.Id}}"), shared.config.digest);
    }
  });

  it("saves a pulled image, and loads the same from it", async () => {
    await engine.push(`${name}:v1`);
    await engine.docker("pull", `${name}:v1`);
    const archive = join(bench.directory, "saved.tar");
    await engine.docker("save", "--output", archive, `${name}:v1`);
    await engine.docker("image", "rm", "--force", image.config.digest);
    await engine.docker("load", "--quiet", "--input", archive);
    assert.equal(await engine.inspect(`${name}:v1`, "{{.Id}}"), image.config.digest);
  });

  it("builds an image, pushes it, and pulls it", async () => {
    const built = `${bench.registry.image("built")}:v1`;
    const context = join(bench.directory, "context");
    await mkdir(context);
    await writeFile(join(context, "file"), noise("built", 500_000));
    await writeFile(join(context, "Dockerfile"), "FROM scratch\nLABEL a=b\nCOPY file /file\n");
    await engine.docker("build", "--quiet", "--tag", built, context);
    const id = await engine.inspect(built, "{{.Id}}");
    await engine.push(built);
    await engine.docker("image", "rm", "--force", id);
    await engine.docker("pull", built);
    assert.equal(await engine.inspect(built, "{{.Id}}"), id);
  });

  it("moves a tag from one image to the next", async () => {
    const moving = `${bench.registry.image("moving")}:latest`;
    const digests: (string | undefined)[] = [];
    for (const seed of ["old", "new"]) {
      await load(await layout.addImage({ seed }), moving);
      digests.push((await engine.push(moving)).digest);
    }
    assert.notEqual(digests[0], digests[1]);
    assert.equal(await digestOf("moving", "latest"), digests[1]);
    assert.equal(await digestOf("moving", digests[0] ?? ""), digests[0]);
  });

  it("logs in to a registry that is open to everybody", async () => {
    const { stdout } = await engine.docker(
      "login",
      "--username",
      "alice",
      "--password",
      "any",
      bench.registry.host,
    );
    assert.match(stdout, /Login Succeeded/);
    await engine.push(`${name}:v1`);
    await engine.docker("logout", bench.registry.host);
  });

  it("says that an image is unknown", async () => {
    const unknown = `${bench.registry.image("unknown")}:v1`;
    await assert.rejects(engine.docker("pull", unknown), /manifest unknown|not found/);
  });
});

function runnable(seed: string): Parameters<ImageLayout["addImage"]>[0] {
  const machine = hostMachine() ?? "amd64";
  const greet = { path: "greet", mode: 0o755, content: greetingProgram(GREETING, machine) };
  const generated = { layers: 2, bytesPerLayer: 1_500_000 };
  return { seed, ...generated, architecture: machine, files: [greet], command: ["/greet"] };
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
