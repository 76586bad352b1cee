// The container image, built as deploy/image says and run as it is meant to be run: nothing but one volume can be written.
// Its network is its own and leads nowhere; clients are put into it.
import assert from "node:assert/strict";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ALICE, writeHtpasswd } from "../support/accounts.ts";
import { CONTAINER_TOOLS, ContainerTools } from "../support/container-tools.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { CONFINED } from "./confined.ts";
import { Container, type ContainerState } from "./container.ts";
import { ROOTLESS, RootlessPodman } from "./rootless-podman.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const IMAGE = "localhost/stowage:test";
const SIZE_LIMIT = 150e6;
const CREDENTIALS = `${ALICE.user}:${ALICE.password}`;

/** In the container's own network. */
const APP = "127.0.0.1:5000/team/app:v1";
const COPY = "127.0.0.1:5000/team/copy:v1";

suite("the container image", { skip: lacking(...CONTAINER_TOOLS, "runc", "nsenter", "git") }, () => {
  let directory: string;
  let tools: ContainerTools;
  let layout: ImageLayout;
  let htpasswd: string;
  let sent: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
    tools = await ContainerTools.create(await own("tools"));
    layout = await ImageLayout.create(await own("layout"));
    htpasswd = await writeHtpasswd(directory, [ALICE]);
    await tools.script(join(ROOT, "deploy/image/build.sh"), IMAGE);
    sent = await own("sent");
    await tools.buildah("push", "--quiet", IMAGE, `oci:${sent}:test`);
  });
  after(async () => {
    await tools.podman("rm", "--force", "--all", "--time", "0").catch(() => undefined);
    await removeTemporaryDirectory(directory);
  });

  test("weighs less than 150 MB as it is sent", async (context) => {
    const index = JSON.parse(await readFile(join(sent, "index.json"), "utf8"));
    const manifest = JSON.parse(await blob(sent, index.manifests[0].digest));
    const sizes: number[] = manifest.layers.map(({ size }: { readonly size: number }) => size);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    context.diagnostic(`${(bytes / 1e6).toFixed(1)} MB compressed: ${sizes.join(" + ")} bytes`);
    assert.ok(bytes < SIZE_LIMIT, `${bytes} bytes`);
  });

  test("is not root, and says what it is", async () => {
    const [image] = JSON.parse((await tools.podman("image", "inspect", IMAGE)).stdout);
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    const { User, Volumes, ExposedPorts, StopSignal, Labels } = image.Config;
    assert.deepEqual([User, StopSignal], ["65532:65532", "SIGTERM"]);
    assert.deepEqual(Object.keys(Volumes), ["/var/lib/registry"]);
    assert.deepEqual(Object.keys(ExposedPorts), ["5000/tcp"]);
    assert.equal(Labels["org.opencontainers.image.version"], version);
    const told = await tools.podman("run", "--rm", ...CONFINED, IMAGE, "version", "--json");
    const facts = JSON.parse(told.stdout);
    assert.deepEqual(
      [facts.version, facts.commit, facts.buildTime],
      [version, Labels["org.opencontainers.image.revision"], Labels["org.opencontainers.image.created"]],
    );
    assert.match(facts.commit, /^[0-9a-f]{40}(?:-dirty)?$|^unknown$/);
    assert.ok(Number.isFinite(Date.parse(facts.buildTime)));
  });

  test("refuses to serve everybody by accident, and names the file that it lacks", async () => {
    const failed = await tools.podman("run", "--rm", ...CONFINED, IMAGE).catch((error: Error) => error);
    assert.ok(failed instanceof Error);
    assert.match(failed.message, /the file "\/etc\/stowage\/htpasswd" cannot be used/);
  });

  test("becomes healthy, takes an image from those it knows, keeps it over a restart, ends in order", async () => {
    const { manifest } = await layout.addImage({ tag: "v1", seed: "the image", layers: 2 });
    const container = new Container("stowage", (...args) => tools.podman(...args));
    await tools.podman(...runs(htpasswd));
    let clients = await inside("first", await container.healthy());
    const source = `oci:${layout.directory}:v1`;
    const pushed = `docker://${APP}`;
    await assert.rejects(clients.copy(source, pushed), /unauthorized|authentication required/i);
    await clients.copy(source, pushed, "--dest-creds", CREDENTIALS);
    await container.endsInOrder();

    await tools.podman("start", "stowage");
    clients = await inside("second", await container.healthy());
    const options = ["--quiet", "--tls-verify=false", "--creds", CREDENTIALS];
    await clients.podman("pull", ...options, APP);
    await clients.podman("tag", APP, COPY);
    await clients.podman("push", ...options, COPY);
    const inspect = ["inspect", "--tls-verify=false", "--creds", CREDENTIALS, "--format", "{{.Digest}}"];
    const { stdout } = await clients.skopeo(...inspect, pushed);
    assert.equal(stdout.trim(), manifest.digest);
    await container.endsInOrder();
  });

  test("runs rootless, too", { skip: lacking(...ROOTLESS) }, async () => {
    await layout.addImage({ tag: "v2", seed: "rootless", layers: 1 });
    // OCI's format would lose the health check.
    const archive = join(directory, "image.tar");
    await tools.buildah("push", "--quiet", IMAGE, `docker-archive:${archive}:${IMAGE}`);
    await using podman = await RootlessPodman.open();
    await podman.run("load", "--quiet", "--input", await podman.bring("image.tar", archive));
    const container = new Container("stowage", (...args) => podman.run(...args));
    await podman.run(...runs(await podman.bring("htpasswd", htpasswd)));
    const clients = await inside("third", await container.healthy());
    await clients.copy(`oci:${layout.directory}:v2`, `docker://${APP}`, "--dest-creds", CREDENTIALS);
    await container.endsInOrder();
  });

  test("the Dockerfile copies only what there is, and what its .dockerignore lets through", async () => {
    const [dockerfile, ignored] = await Promise.all([
      readFile(join(ROOT, "deploy/image/Dockerfile"), "utf8"),
      readFile(join(ROOT, "deploy/image/Dockerfile.dockerignore"), "utf8"),
    ]);
    const [building = ""] = dockerfile.split(/^FROM scratch$/m);
    const sources = [...building.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, files = ""]) => files.split(" "));
    assert.ok(sources.length > 5);
    for (const source of sources) {
      assert.ok(await stat(join(ROOT, source)), source);
      assert.ok(ignored.split("\n").includes(`!${source}`), source);
    }
  });

  async function own(name: string): Promise<string> {
    const path = join(directory, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Clients with a storage of their own, in the container's network. */
  async function inside(name: string, { pid }: ContainerState): Promise<ContainerTools> {
    return ContainerTools.create(await own(name), ["nsenter", "--net", "--target", `${pid}`]);
  }
});

/** Runs the image as it is: the volume, and the file that it asks for. */
function runs(htpasswd: string): readonly string[] {
  const volumes = [
    "--volume",
    "stowage:/var/lib/registry",
    "--volume",
    `${htpasswd}:/etc/stowage/htpasswd:ro`,
  ];
  return ["run", "--detach", "--name", "stowage", ...CONFINED, ...volumes, IMAGE];
}

async function blob(layout: string, digest: string): Promise<string> {
  return readFile(join(layout, "blobs", digest.replace(":", "/")), "utf8");
}
