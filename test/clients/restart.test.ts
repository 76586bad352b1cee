// Clients meet a registry that goes away and comes back.
import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, type DockerEngine } from "../support/docker-engine.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import type { LocalRegistry } from "../support/local-registry.ts";
import { otherRegistry } from "../support/registry-process.ts";
import { lacking } from "../support/required-tools.ts";

const REASON = lacking(...DOCKER_TOOLS) || (otherRegistry !== undefined && "stops and starts the registry");
const ENOUGH = 4_000_000;

describe("docker and a registry that restarts", { skip: REASON }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let engine: DockerEngine;
  let registry: LocalRegistry;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    engine = await bench.startDocker();
    assert.ok(bench.registry.local);
    registry = bench.registry.local;
  });

  after(() => bench.close());

  it("pulls after a restart what was pushed before it", async () => {
    const name = `${bench.registry.image("kept")}:v1`;
    const image = await load(name, 500_000);
    await engine.push(name);
    await registry.stop();
    await registry.restart();
    await assertPulls(name, image);
  });

  it("finishes a push in the middle of which the registry was killed", async () => {
    const name = `${bench.registry.image("killed")}:v1`;
    const image = await load(name, 60_000_000);
    const before = await sizeOf(registry.data);
    const push = engine.push(name);
    while ((await sizeOf(registry.data)) < before + ENOUGH) await wait(5);
    await registry.kill();
    await registry.restart();
    await push; // docker tries again by itself
    await assertPulls(name, image);
  });

  async function load(name: string, bytesPerLayer: number): Promise<BuiltImage> {
    const image = await layout.addImage({ seed: name, bytesPerLayer });
    const archive = join(bench.directory, "archive.tar");
    await writeDockerArchive(archive, image, [name]);
    await engine.docker("load", "--quiet", "--input", archive);
    return image;
  }

  async function assertPulls(name: string, image: BuiltImage): Promise<void> {
    await engine.docker("image", "rm", "--force", image.config.digest);
    await engine.docker("pull", name);
    assert.equal(await engine.inspect(name, "{{.Id}}"), image.config.digest);
  }
});

/** What all files below a directory amount to; files come and go while it looks. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    return found?.isFile() ? found.size : 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
