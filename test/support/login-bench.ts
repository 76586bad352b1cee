// What tests of logins need: a directory, an image, the three clients, and registries with an auth section. It is
// opened before the tests of a file and closed after them.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ContainerTools } from "./container-tools.ts";
import { DockerEngine } from "./docker-engine.ts";
import { type BuiltImage, ImageLayout } from "./image-layout.ts";
import { LocalRegistry, type LocalRegistryOptions } from "./local-registry.ts";
import {
  type ClientName,
  DockerClient,
  IMAGE_TAG,
  PodmanClient,
  type RegistryClient,
  SkopeoClient,
} from "./registry-clients.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "./temporary-directory.ts";

export interface LoginBenchOptions {
  /** What runs a command in another network, where clients and TLS are. Absent: plain HTTP on loopback. */
  readonly enter?: readonly string[];
}

type Closer = () => Promise<void>;

export class LoginBench {
  readonly directory: string;
  readonly image: BuiltImage;
  readonly docker: DockerClient;
  readonly podman: PodmanClient;
  readonly skopeo: SkopeoClient;
  readonly #closers: Closer[];
  #registries = 0;

  private constructor(
    made: Pick<LoginBench, "directory" | "image" | "docker" | "podman" | "skopeo">,
    closers: Closer[],
  ) {
    this.directory = made.directory;
    this.image = made.image;
    this.docker = made.docker;
    this.podman = made.podman;
    this.skopeo = made.skopeo;
    this.#closers = closers;
  }

  static async open({ enter = [] }: LoginBenchOptions = {}): Promise<LoginBench> {
    const directory = await makeTemporaryDirectory();
    try {
      const own = (name: string) => makeDirectory(directory, name);
      const layout = await ImageLayout.create(await own("layout"));
      const image = await layout.addImage({ tag: IMAGE_TAG, seed: "login", layers: 2 });
      const surroundings = { layout, image, enter, isTls: enter.length > 0 };
      const homes = { docker: await own("docker"), podman: await own("podman"), skopeo: await own("skopeo") };
      const podman = await ContainerTools.create(homes.podman, enter);
      const skopeo = await ContainerTools.create(homes.skopeo, enter);
      const engine = await DockerEngine.start(homes.docker, enter);
      return new LoginBench(
        {
          directory,
          image,
          docker: new DockerClient(engine, { ...surroundings, directory: homes.docker }),
          podman: new PodmanClient(podman, { ...surroundings, directory: homes.podman }),
          skopeo: new SkopeoClient(skopeo, { ...surroundings, directory: homes.skopeo }),
        },
        [() => removeTemporaryDirectory(directory), () => engine.stop()],
      );
    } catch (error) {
      await removeTemporaryDirectory(directory);
      throw error;
    }
  }

  client(name: ClientName): RegistryClient {
    return this[name];
  }

  /** A registry that stops with the bench. */
  async startRegistry(options: Omit<LocalRegistryOptions, "directory">): Promise<LocalRegistry> {
    this.#registries += 1;
    const directory = await makeDirectory(this.directory, `registry-${this.#registries}`);
    const registry = await LocalRegistry.start({ directory, ...options });
    this.#closers.push(() => registry.stop());
    return registry;
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
