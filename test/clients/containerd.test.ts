// containerd, which Kubernetes pulls with, pushes to the registry and pulls from it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { CONTAINERD_TOOLS, type Containerd } from "../support/containerd.ts";
import { manifestDigest } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";

const ARCHITECTURES = ["amd64", "arm64"] as const;
const LOCAL = "localhost/containerd:v1";

describe("containerd", { skip: lacking(...CONTAINERD_TOOLS) }, () => {
  let bench: ClientWorkbench;
  let engine: Containerd;
  let index: Descriptor;
  let archive: string;

  before(async () => {
    bench = await ClientWorkbench.open();
    engine = await bench.startContainerd();
    const layout = await bench.imageLayout();
    const specs = ARCHITECTURES.map((architecture) => ({
      seed: "ctr",
      architecture,
      bytesPerLayer: 900_000,
    }));
    index = await layout.addIndex(LOCAL, await Promise.all(specs.map((spec) => layout.addImage(spec))));
    archive = join(bench.directory, "layout.tar");
    await run(["tar", "-C", layout.directory, "-cf", archive, "."]);
  });

  after(() => bench.close());

  it("pulls all platforms that it pushed", async () => {
    const name = await push("all");
    const about = { url: bench.registry.url, repository: bench.registry.repository("all"), reference: "v1" };
    assert.equal(await manifestDigest(about), index.digest);
    await forgetAll();
    await engine.ctr("images", "pull", "--plain-http", "--all-platforms", name);
    assert.equal(await digestOf(name), index.digest);
  });

  it("pulls one platform, and by digest", async () => {
    const name = await push("one");
    await forgetAll();
    const reference = name.replace(":v1", `@${index.digest}`);
    await engine.ctr("images", "pull", "--plain-http", "--platform", "linux/arm64", reference);
    assert.equal(await digestOf(reference), index.digest);
  });

  it("pushes again what is there", async () => {
    const name = await push("again");
    await engine.ctr("images", "push", "--plain-http", name);
  });

  async function push(repository: string): Promise<string> {
    const name = `${bench.registry.image(repository)}:v1`;
    await engine.ctr("images", "import", "--all-platforms", "--no-unpack", archive);
    await engine.ctr("images", "tag", "--force", LOCAL, name);
    await engine.ctr("images", "push", "--plain-http", name);
    return name;
  }

  /** Removes all images, and makes sure that no content is left that need not be pulled. */
  async function forgetAll(): Promise<void> {
    const { stdout } = await engine.ctr("images", "ls", "--quiet");
    await engine.ctr("images", "rm", "--sync", ...stdout.trim().split("\n"));
    assert.equal((await engine.ctr("content", "ls", "--quiet")).stdout, "");
  }

  async function digestOf(name: string): Promise<string | undefined> {
    const { stdout } = await engine.ctr("images", "ls", `name==${name}`);
    return /sha256:[0-9a-f]{64}(?=\s+[\d.]+ )/.exec(stdout)?.[0];
  }
});
