// A tree that Debian's docker-registry wrote, pushed to by docker and skopeo, is imported while that registry serves it;
// every tag is pulled through Stowage with the same digest.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { digestHex, digestOf, parseDigest } from "../../src/oci/digest.ts";
import { parseSignedDocument, verifySignatures } from "../../src/oci/jws.ts";
import { CONTAINER_TOOLS, ContainerTools } from "../support/container-tools.ts";
import { DISTRIBUTION, DistributionRegistry } from "../support/distribution-registry.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, DockerEngine } from "../support/docker-engine.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { LocalRegistry, MAIN } from "../support/local-registry.ts";
import { tagsOf } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";
import { type RunResult, tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
].join(", ");

describe("importing from docker-registry", {
  skip: lacking(DISTRIBUTION, ...DOCKER_TOOLS, ...CONTAINER_TOOLS),
}, () => {
  let directory: string;
  let old: DistributionRegistry;
  let stowage: LocalRegistry;
  let tools: ContainerTools;
  let engine: DockerEngine;
  let layout: ImageLayout;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const own = async (name: string) => {
      await mkdir(join(directory, name));
      return join(directory, name);
    };
    old = await DistributionRegistry.start({ directory: await own("old") });
    tools = await ContainerTools.create(await own("tools"));
    engine = await DockerEngine.start(await own("docker"));
    layout = await ImageLayout.create(await own("layout"));
    stowage = await LocalRegistry.start({ directory: await own("new") });
    await stowage.stop();
    await fill();
  });

  after(async () => {
    await stowage.stop();
    await engine.stop();
    await old.stop();
    await removeTemporaryDirectory(directory);
  });

  /** An image of docker's, and skopeo's of several kinds. */
  async function fill(): Promise<void> {
    const image = await layout.addImage({ tag: "one", seed: "import", layers: 3, bytesPerLayer: 200_000 });
    const name = `${old.host}/by/docker:v1`;
    const archive = join(directory, "archive.tar");
    await writeDockerArchive(archive, image, [name]);
    await engine.docker("load", "--quiet", "--input", archive);
    await engine.push(name);
    const members = await Promise.all(
      ["amd64", "arm64"].map((architecture) => layout.addImage({ seed: "multi", architecture })),
    );
    await layout.addIndex("multi", members);
    await push("one", "by/skopeo:v1");
    await push("one", "by:v1"); // the beginning of the others' names
    await push("multi", "by/skopeo/multi:v1", "--all");
    await push("multi", "by/skopeo/list:v1", "--all", "--format", "v2s2");
    await push("one", "by/skopeo/schema1:v1", "--format", "v2s1");
    await push("one", "by/2.1.0:v1");
    await layout.addImage({ tag: "old", seed: "moved" });
    await push("old", "by/moved:latest");
    await push("one", "by/moved:latest");
    const digest = await digestOfTag(old.host, "by/2.1.0", "v1");
    await asBy210("by/2.1.0", digest);
  }

  async function push(tag: string, name: string, ...options: readonly string[]): Promise<void> {
    await tools.copy(`oci:${layout.directory}:${tag}`, `docker://${old.host}/${name}`, ...options);
  }

  /** Moves the manifest's link to where version 2.1.0 wrote it. */
  async function asBy210(repository: string, digest: string): Promise<void> {
    const hex = digestHex(parseDigest(digest));
    const place = old.path("repositories", repository);
    await mkdir(join(place, "_layers/sha256", hex));
    await rename(
      join(place, "_manifests/revisions/sha256", hex, "link"),
      join(place, "_layers/sha256", hex, "link"),
    );
    await rm(join(place, "_manifests/revisions/sha256", hex), { recursive: true });
  }

  function stowageImport(...options: readonly string[]): Promise<RunResult> {
    return tryRun([process.execPath, MAIN, "import", old.data, "--config", stowage.config, ...options]);
  }

  const ALL = ["by", "by/2.1.0", "by/docker", "by/moved", "by/skopeo", "by/skopeo/list", "by/skopeo/multi"];

  it("imports while the old registry serves; every tag has the same digest", async () => {
    const imported = await stowageImport("--strict", "--json");
    assert.equal(imported.code, 0, imported.stdout + imported.stderr);
    const { summary } = JSON.parse(imported.stdout.trim().split("\n").at(-1) ?? "{}");
    assert.equal(summary.problems, 0);
    assert.ok(summary.blobs.linked > 0 && summary.blobs.copied === 0);
    await stowage.restart();
    const { repositories } = (await (await fetch(`${stowage.url}/v2/_catalog`)).json()) as {
      readonly repositories: readonly string[];
    };
    assert.deepEqual(repositories.toSorted(), [...ALL, "by/skopeo/schema1"].toSorted());
    for (const repository of repositories) {
      const tags = await tagsOf(`http://${old.host}`, repository);
      assert.deepEqual(await tagsOf(stowage.url, repository), tags);
      for (const tag of tags)
        assert.equal(
          await digestOfTag(stowage.host, repository, tag),
          await digestOfTag(old.host, repository, tag),
          `${repository}:${tag}`,
        );
    }
  });

  it("skopeo pulls every image with all its members; docker pulls too", async () => {
    for (const repository of ALL) {
      const target = join(directory, "pulled", repository.replaceAll("/", "-"));
      await mkdir(target, { recursive: true });
      const tag = repository === "by/moved" ? "latest" : "v1";
      await tools.copy(`docker://${stowage.host}/${repository}:${tag}`, `dir:${target}`, "--all");
      const manifest = await readFile(join(target, "manifest.json"));
      assert.equal(digestOf(manifest), await digestOfTag(old.host, repository, tag));
    }
    const name = `${stowage.host}/by/docker:v1`;
    await engine.docker("pull", name);
    assert.match(
      await engine.inspect(name, "{{.RepoDigests}}"),
      new RegExp(await digestOfTag(old.host, "by/docker", "v1")),
    );
  });

  it("docker and skopeo pull the schema 1 image, which has a signature that is true", async () => {
    const response = await fetch(`${stowage.url}/v2/by/skopeo/schema1/manifests/v1`, {
      headers: { accept: ACCEPT },
    });
    assert.match(response.headers.get("content-type") ?? "", /v1\+prettyjws/);
    const document = parseSignedDocument(Buffer.from(await response.arrayBuffer()));
    await verifySignatures(document);
    assert.equal(digestOf(document.payload), response.headers.get("docker-content-digest"));
    const target = join(directory, "pulled", "schema1");
    await mkdir(target);
    await tools.copy(`docker://${stowage.host}/by/skopeo/schema1:v1`, `dir:${target}`);
    await engine.docker("pull", `${stowage.host}/by/skopeo/schema1:v1`);
  });

  it("a second import brings what was pushed since, and what it moved", async () => {
    await stowage.stop();
    await push("old", "by/moved:latest");
    await push("multi", "by/new:v9", "--all");
    const { stdout, code } = await stowageImport("--strict", "--json");
    assert.equal(code, 0, stdout);
    const { summary } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
    assert.deepEqual([summary.tags, summary.manifests], [2, 3]);
    await stowage.restart();
    for (const [repository = "", tag = ""] of [
      ["by/moved", "latest"],
      ["by/new", "v9"],
    ])
      assert.equal(
        await digestOfTag(stowage.host, repository, tag),
        await digestOfTag(old.host, repository, tag),
      );
    await stowage.stop();
  });

  it("an import that is killed, again and again, is continued", async () => {
    for (let count = 0; count < 20; count++)
      await layout.addImage({ tag: `many-${count}`, seed: `many ${count}`, bytesPerLayer: 20_000 });
    for (let count = 0; count < 20; count++) await push(`many-${count}`, `many/${count % 7}:t${count}`);
    const home = join(directory, "killed");
    await mkdir(home);
    const registry = await LocalRegistry.start({ directory: home });
    await registry.stop();
    const command = [MAIN, "import", old.data, "--config", registry.config, "--copy"];
    for (const blobs of [1, 40]) {
      const child = spawn(process.execPath, command, { stdio: "ignore" });
      const ended = once(child, "exit");
      await untilBlobs(registry, blobs);
      child.kill("SIGKILL");
      assert.deepEqual(await ended, [null, "SIGKILL"]); // it was not done yet
    }
    const last = await tryRun([process.execPath, ...command, "--strict"]);
    assert.equal(last.code, 0, last.stdout + last.stderr);
    await registry.restart();
    for (let count = 0; count < 20; count++) {
      const repository = `many/${count % 7}`;
      const digest = await digestOfTag(registry.host, repository, `t${count}`);
      assert.equal(digest, await digestOfTag(old.host, repository, `t${count}`));
    }
    await tools.copy(`docker://${registry.host}/many/3:t3`, `dir:${home}/pulled`);
    await registry.stop();
  });

  it("Ctrl-C ends it with a word, and the next one goes on", async () => {
    const home = join(directory, "stopped");
    await mkdir(home);
    const registry = await LocalRegistry.start({ directory: home });
    await registry.stop();
    const command = [MAIN, "import", old.data, "--config", registry.config];
    const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
    const texts = [child.stdout, child.stderr].map((stream) => text(stream));
    const ended = once(child, "exit");
    await untilBlobs(registry, 5);
    child.kill("SIGINT");
    assert.deepEqual(await ended, [1, null]);
    const [out = "", err = ""] = await Promise.all(texts);
    assert.match(err, /interrupted; the same command goes on from here/);
    assert.match(out, /Imported from/);
    const last = await tryRun([process.execPath, ...command, "--strict"]);
    assert.equal(last.code, 0, last.stdout + last.stderr);
  });

  it("is refused while Stowage runs on its data", async () => {
    await stowage.restart();
    const { code, stderr } = await stowageImport();
    assert.equal(code, 1);
    assert.match(stderr, /another process|lock|in use/i);
    await stowage.stop();
  });
});

/** Resolves when the registry's data holds so many blobs. */
async function untilBlobs({ data }: LocalRegistry, count: number): Promise<void> {
  const directory = join(data, "stowage/blobs/sha256");
  for (;;) {
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    if (files.filter((file) => file.isFile()).length >= count) return;
    await wait(5);
  }
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function digestOfTag(host: string, repository: string, tag: string): Promise<string> {
  const url = `http://${host}/v2/${repository}/manifests/${tag}`;
  const response = await fetch(url, { method: "HEAD", headers: { accept: ACCEPT } });
  if (!response.ok) throw new Error(`HEAD ${url} answered ${response.status}`);
  return response.headers.get("docker-content-digest") ?? "none";
}
