// skopeo copies images into the registry, between its repositories and out of it, bytes unchanged.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import type { ContainerTools } from "../support/container-tools.ts";
import type { BuiltImage, ImageLayout } from "../support/image-layout.ts";
import { manifestDigest, manifestMediaType, putManifest, tagsOf } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

const ARCHITECTURES = ["amd64", "arm64", "s390x", "riscv64"] as const;
const PLAIN = "--tls-verify=false";
const MANIFEST_TYPES = {
  oci: "application/vnd.oci.image.manifest.v1+json",
  v2s2: "application/vnd.docker.distribution.manifest.v2+json",
} as const;

describe("skopeo", { skip: lacking("root", "unshare", "skopeo") }, () => {
  let bench: ClientWorkbench;
  let layout: ImageLayout;
  let tools: ContainerTools;
  let single: BuiltImage;
  let index: Descriptor;

  before(async () => {
    bench = await ClientWorkbench.open();
    layout = await bench.imageLayout();
    tools = await bench.containerTools();
    single = await layout.addImage({ tag: "single", seed: "single", layers: 3, bytesPerLayer: 1_000_000 });
    const images = ARCHITECTURES.map((architecture) =>
      layout.addImage({ seed: "multi", architecture, layers: 2 }),
    );
    index = await layout.addIndex("multi", await Promise.all(images));
  });

  after(() => bench.close());

  const source = (tag: string): string => `oci:${layout.directory}:${tag}`;
  const target = (name: string): string => `docker://${bench.registry.image(name)}`;
  const about = (repository: string, reference: string): Parameters<typeof manifestDigest>[0] => ({
    url: bench.registry.url,
    repository: bench.registry.repository(repository),
    reference,
  });

  it("copies an image in and out, and every blob is the same", async () => {
    await tools.copy(source("single"), target("single:v1"), "--preserve-digests");
    assert.equal(await manifestDigest(about("single", "v1")), single.manifest.digest);

    const back = await bench.ownDirectory("single-back");
    await tools.copy(target("single:v1"), `oci:${back}:v1`);
    await assertSameBlobs(back, layout.directory);
  });

  it("copies all architectures of an index", async () => {
    await tools.copy(source("multi"), target("multi:v1"), "--all", "--preserve-digests");
    assert.equal(await manifestDigest(about("multi", "v1")), index.digest);
    const raw = await tools.rawManifest(bench.registry.image("multi:v1"));
    assert.equal(raw, await readFile(layout.blobPath(index.digest), "utf8"));

    const back = await bench.ownDirectory("multi-back");
    await tools.copy(target("multi:v1"), `oci:${back}:v1`, "--all");
    await assertSameBlobs(back, layout.directory);
  });

  it("copies one architecture out of an index", async () => {
    await tools.copy(source("multi"), target("pick:v1"), "--all");
    const config = await tools.skopeo(
      "--override-arch",
      "s390x",
      "inspect",
      PLAIN,
      "--config",
      target("pick:v1"),
    );
    assert.match(config.stdout, /"architecture":\s*"s390x"/);
  });

  for (const format of ["oci", "v2s2"] as const) {
    it(`converts to ${format} on the way`, async () => {
      await tools.copy(source("single"), target(`format:${format}`), "--format", format);
      assert.equal(await manifestMediaType(about("format", format)), MANIFEST_TYPES[format]);
      await tools.copy(source("multi"), target(`formats:${format}`), "--all", "--format", format);
      await tools.copy(
        target(`formats:${format}`),
        `dir:${await bench.ownDirectory(`formats-${format}`)}`,
        "--all",
      );
    });
  }

  it("copies between repositories", async () => {
    await tools.copy(source("multi"), target("from:v1"), "--all", "--preserve-digests");
    await tools.copy(target("from:v1"), target("to/there:v2"), "--all", "--preserve-digests");
    assert.equal(await manifestDigest(about("to/there", "v2")), index.digest);
  });

  it("deletes an image", async () => {
    await tools.copy(source("single"), target("deleted:v1"));
    await tools.skopeo("delete", PLAIN, target("deleted:v1"));
    await assert.rejects(tools.skopeo("inspect", PLAIN, target("deleted:v1")), /manifest unknown/);
    assert.equal(await manifestDigest(about("deleted", "v1")), undefined);
  });

  it("lists more tags than fit on a page", async () => {
    await tools.copy(source("single"), target("tags:v0"), "--preserve-digests");
    const content = await readFile(layout.blobPath(single.manifest.digest));
    const tags = Array.from({ length: 250 }, (_, number) => `v${number}`).toSorted();
    for (const tag of tags) await putManifest(about("tags", tag), single.manifest.mediaType, content);
    const { stdout } = await tools.skopeo("list-tags", PLAIN, target("tags"));
    const listed = JSON.parse(stdout) as { readonly Tags: readonly string[] };
    assert.deepEqual(listed.Tags.toSorted(), tags);
  });

  it("synchronises repositories to a directory and back", async () => {
    const tags = ["a", "b"];
    for (const tag of tags) await tools.copy(source("single"), target(`sync:${tag}`));
    const directory = await bench.ownDirectory("sync");
    const options = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    const repository = bench.registry.image("sync");
    await tools.skopeo("sync", ...options, "--src", "docker", "--dest", "dir", repository, directory);
    assert.deepEqual((await readdir(directory)).toSorted(), ["sync:a", "sync:b"]);

    const synchronised = bench.registry.image("synchronised");
    await tools.skopeo("sync", ...options, "--src", "dir", "--dest", "docker", directory, synchronised);
    assert.deepEqual(await tagsOf(bench.registry.url, bench.registry.repository("synchronised/sync")), tags);
  });

  it("shows what an image is", async () => {
    await tools.copy(source("single"), target("shown:v1"));
    const { stdout } = await tools.skopeo("inspect", PLAIN, target("shown:v1"));
    const shown = JSON.parse(stdout) as { readonly Digest: string; readonly RepoTags: readonly string[] };
    assert.deepEqual([shown.Digest, shown.RepoTags], [single.manifest.digest, ["v1"]]);
  });

  it("repairs a copy of which a layer is missing", async () => {
    const repository = bench.registry.repository("repaired");
    await tools.copy(source("single"), target("repaired:v1"));
    const manifest = JSON.parse(
      await tools.rawManifest(bench.registry.image("repaired:v1")),
    ) as ImageManifest;
    const place = `${bench.registry.url}/v2/${repository}`;
    const lost = `${place}/blobs/${manifest.layers[0]?.digest}`;
    const remove = async (url: string) => (await fetch(url, { method: "DELETE" })).status;
    assert.equal(await remove(lost), 409);
    const { headers } = await fetch(`${place}/manifests/v1`, { method: "HEAD" });
    assert.equal(await remove(`${place}/manifests/${headers.get("docker-content-digest")}`), 202);
    assert.equal(await remove(lost), 202);
    await tools.copy(source("single"), target("repaired:v1"));
    assert.equal((await fetch(lost, { method: "HEAD" })).status, 200);
  });

  /** Every blob in `directory` is in `expected` too, byte for byte. */
  async function assertSameBlobs(directory: string, expected: string): Promise<void> {
    const names = await readdir(join(directory, "blobs", "sha256"));
    assert.ok(names.length > 0);
    for (const name of names) {
      const file = join("blobs", "sha256", name);
      const [copied, original] = await Promise.all(
        [join(directory, file), join(expected, file)].map((p) => readFile(p)),
      );
      assert.ok(original !== undefined && copied?.equals(original), file);
    }
  }
});

interface ImageManifest {
  readonly layers: readonly Descriptor[];
}
