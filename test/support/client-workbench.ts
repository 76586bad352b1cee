// What a test of real clients needs, in one: a directory, a registry, and the clients asked for. It is opened
// before the tests of a file and closed after them.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ContainerTools } from "./container-tools.ts";
import { Containerd } from "./containerd.ts";
import { DockerEngine } from "./docker-engine.ts";
import { ImageLayout } from "./image-layout.ts";
import { RegistryProcess } from "./registry-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";

/** Things to close, last opened first. */
type Closer = () => Promise<void>;

export class ClientWorkbench {
  readonly directory: string;
  readonly registry: RegistryProcess;
  readonly #closers: Closer[];

  private constructor(directory: string, registry: RegistryProcess, closers: Closer[]) {
    this.directory = directory;
    this.registry = registry;
    this.#closers = closers;
  }

  static async open(): Promise<ClientWorkbench> {
    const directory = await makeTemporaryDirectory();
    const home = await makeDirectory(directory, "registry");
    try {
      const registry = await RegistryProcess.start(home);
      return new ClientWorkbench(directory, registry, [
        () => removeTemporaryDirectory(directory),
        () => registry.stop(),
      ]);
    } catch (error) {
      await removeTemporaryDirectory(directory);
      throw error;
    }
  }

  async startDocker(): Promise<DockerEngine> {
    const engine = await DockerEngine.start(await this.ownDirectory("docker"));
    this.#closers.push(() => engine.stop());
    return engine;
  }

  async startContainerd(): Promise<Containerd> {
    const engine = await Containerd.start(await this.ownDirectory("containerd"));
    this.#closers.push(() => engine.stop());
    return engine;
  }

  /** podman, buildah and skopeo; each call makes a set that shares nothing with another. */
  async containerTools(name = "tools"): Promise<ContainerTools> {
    return ContainerTools.create(await this.ownDirectory(name));
  }

  async imageLayout(name = "layout"): Promise<ImageLayout> {
    return ImageLayout.create(await this.ownDirectory(name));
  }

  /** An empty directory of this name. */
  async ownDirectory(name: string): Promise<string> {
    return makeDirectory(this.directory, name);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}

async function makeDirectory(parent: string, name: string): Promise<string> {
  const directory = join(parent, name);
  await mkdir(directory);
  return directory;
}
