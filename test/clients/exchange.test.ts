// Every client pulls what every other client pushed, and all agree on what it is.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { ClientWorkbench } from "../support/client-workbench.ts";
import { CONTAINER_TOOLS, type ContainerTools } from "../support/container-tools.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, type DockerEngine } from "../support/docker-engine.ts";
import { getManifest, manifestDigest } from "../support/registry-questions.ts";
import { lacking } from "../support/required-tools.ts";

/** What a client calls an image it pulled: the digests of its config and of its manifest. */
interface Pulled {
  readonly id: string;
  readonly digest: string;
}

/** A client that keeps no image from one call to the next, so that each has to do the whole work. */
interface Client {
  push(name: string): Promise<unknown>;
  pull(name: string): Promise<Pulled>;
}

const LOCAL = "localhost/exchange:v1";
const PLAIN = "--tls-verify=false";
const CLIENTS = ["docker", "podman", "skopeo"] as const;

describe("exchange between clients", { skip: lacking(...DOCKER_TOOLS, ...CONTAINER_TOOLS) }, () => {
  let bench: ClientWorkbench;
  let clients: Readonly<Record<(typeof CLIENTS)[number], Client>>;

  before(async () => {
    bench = await ClientWorkbench.open();
    const layout = await bench.imageLayout();
    const image = await layout.addImage({ tag: "v1", seed: "exchange", layers: 3, bytesPerLayer: 700_000 });
    const archive = join(bench.directory, "exchange.tar");
    await writeDockerArchive(archive, image, [LOCAL]);
    const engine = await bench.startDocker();
    const tools = await bench.containerTools();
    clients = {
      docker: dockerClient(engine, archive),
      podman: podmanClient(tools, archive),
      skopeo: skopeoClient(tools, layout.directory, bench),
    };
  });

  after(() => bench.close());

  for (const pusher of CLIENTS) {
    for (const puller of CLIENTS) {
      it(`${puller} pulls what ${pusher} pushed`, async () => {
        const repository = `from-${pusher}-to-${puller}`;
        await clients[pusher].push(`${bench.registry.image(repository)}:v1`);
        const pulled = await clients[puller].pull(`${bench.registry.image(repository)}:v1`);
        assert.deepEqual(pulled, await asStored(bench, bench.registry.repository(repository)));
      });
    }
  }
});

/** What the registry says the image is. */
async function asStored(bench: ClientWorkbench, repository: string): Promise<Pulled> {
  const name = { url: bench.registry.url, repository, reference: "v1" };
  const manifest = (await (await getManifest(name)).json()) as { readonly config: Descriptor };
  return { digest: (await manifestDigest(name)) ?? "none", id: manifest.config.digest };
}

function dockerClient(engine: DockerEngine, archive: string): Client {
  return {
    async push(name) {
      await engine.docker("load", "--quiet", "--input", archive);
      await engine.docker("tag", LOCAL, name);
      await engine.push(name);
      await engine.docker("image", "rm", "--force", await engine.inspect(name, "{{.Id}}"));
    },
    async pull(name) {
      await engine.docker("pull", name);
      const id = await engine.inspect(name, "{{.Id}}");
      const digest = await engine.inspect(name, "{{index .RepoDigests 0}}");
      await engine.docker("image", "rm", "--force", id);
      return { id, digest: digest.split("@")[1] ?? "none" };
    },
  };
}

function podmanClient(tools: ContainerTools, archive: string): Client {
  return {
    async push(name) {
      await tools.podman("load", "--quiet", "--input", archive);
      await tools.podman("push", PLAIN, LOCAL, `docker://${name}`);
      await tools.podman("image", "rm", "--all", "--force");
    },
    async pull(name) {
      await tools.podman("pull", PLAIN, name);
      const { stdout } = await tools.podman("image", "inspect", "--format", "{{.Id}} {{.Digest}}", name);
      await tools.podman("image", "rm", "--all", "--force");
      const [id, digest = "none"] = stdout.trim().split(" ");
      return { id: `sha256:${id}`, digest };
    },
  };
}

function skopeoClient(tools: ContainerTools, layout: string, bench: ClientWorkbench): Client {
  return {
    push: (name) => tools.copy(`oci:${layout}:v1`, `docker://${name}`),
    async pull(name) {
      const directory = await bench.ownDirectory(name.replaceAll(/\W/g, "-"));
      const digestFile = join(directory, "digest");
      await tools.copy(`docker://${name}`, `dir:${directory}`, "--digestfile", digestFile);
      const manifest = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as {
        config: Descriptor;
      };
      return { id: manifest.config.digest, digest: (await readFile(digestFile, "utf8")).trim() };
    },
  };
}
