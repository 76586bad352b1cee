// docker, podman and skopeo behind one face: they log in, push one image under any name, and pull it again. What a
// client says when it fails is in the error that it throws.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CONTAINER_TOOLS, type ContainerTools } from "./container-tools.ts";
import { writeDockerArchive } from "./docker-archive.ts";
import { DOCKER_TOOLS, type DockerEngine } from "./docker-engine.ts";
import type { BuiltImage, ImageLayout } from "./image-layout.ts";

/** The programs that all of them need. */
export const CLIENT_TOOLS = [...DOCKER_TOOLS, ...CONTAINER_TOOLS, "runc"] as const;

export type ClientName = "docker" | "podman" | "skopeo";

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface RegistryClient {
  login(host: string, login: Login): Promise<void>;
  logout(host: string): Promise<void>;
  /** Pushes the image under this name, "host/repository:tag"; resolves to what the client said. */
  push(name: string): Promise<string>;
  /** Pulls, with nothing of it there before, and resolves to the digest of the image's config. */
  pull(name: string): Promise<string>;
}

/** Does something while the client is logged in. */
export async function loggedIn<T>(
  client: RegistryClient,
  { host, ...login }: Login & { readonly host: string },
  what: () => Promise<T>,
): Promise<T> {
  await client.login(host, login);
  try {
    return await what();
  } finally {
    await client.logout(host);
  }
}

export interface ClientSurroundings {
  /** For what the client keeps. */
  readonly directory: string;
  readonly layout: ImageLayout;
  /** In the layout: it has the tag IMAGE_TAG. */
  readonly image: BuiltImage;
  /** What runs a command in another network. Absent: there is none. */
  readonly enter?: readonly string[];
  /** False: the registry speaks plain HTTP. */
  readonly isTls: boolean;
}

export const IMAGE_TAG = "image";

export class DockerClient implements RegistryClient {
  readonly engine: DockerEngine;
  readonly #surroundings: ClientSurroundings;

  constructor(engine: DockerEngine, surroundings: ClientSurroundings) {
    this.engine = engine;
    this.#surroundings = surroundings;
  }

  async login(host: string, { user, password }: Login): Promise<void> {
    await this.engine.docker("login", "--username", user, "--password", password, host);
  }

  async logout(host: string): Promise<void> {
    await this.engine.docker("logout", host);
  }

  async push(name: string): Promise<string> {
    const { directory, image } = this.#surroundings;
    const archive = join(directory, "archive.tar");
    await writeDockerArchive(archive, image, [name]);
    await this.engine.docker("load", "--quiet", "--input", archive);
    return (await this.engine.push(name)).output;
  }

  async pull(name: string): Promise<string> {
    const present = await this.engine.docker("image", "ls", "--quiet", "--no-trunc");
    if (present.stdout !== "")
      await this.engine.docker("image", "rm", "--force", this.#surroundings.image.config.digest);
    await this.engine.docker("pull", name);
    return this.engine.inspect(name, "{{.Id}}");
  }
}

export class PodmanClient implements RegistryClient {
  readonly #tools: ContainerTools;
  readonly #surroundings: ClientSurroundings;

  constructor(tools: ContainerTools, surroundings: ClientSurroundings) {
    this.#tools = tools;
    this.#surroundings = surroundings;
  }

  async login(host: string, { user, password }: Login): Promise<void> {
    await this.#tools.podman("login", this.#tls(), "--username", user, "--password", password, host);
  }

  async logout(host: string): Promise<void> {
    await this.#tools.podman("logout", host);
  }

  async push(name: string): Promise<string> {
    const { directory, image } = this.#surroundings;
    const archive = join(directory, "archive.tar");
    await writeDockerArchive(archive, image, [name]);
    await this.#tools.podman("load", "--quiet", "--input", archive);
    return (await this.#tools.podman("push", this.#tls(), name)).stderr;
  }

  async pull(name: string): Promise<string> {
    await this.#tools.podman("image", "rm", "--all", "--force");
    await this.#tools.podman("pull", this.#tls(), name);
    const { stdout } = await this.#tools.podman("image", "inspect", "--format", "{{.Id}}", name);
    return `sha256:${stdout.trim()}`;
  }

  #tls(): string {
    return `--tls-verify=${this.#surroundings.isTls}`;
  }
}

export class SkopeoClient implements RegistryClient {
  readonly #tools: ContainerTools;
  readonly #surroundings: ClientSurroundings;

  constructor(tools: ContainerTools, surroundings: ClientSurroundings) {
    this.#tools = tools;
    this.#surroundings = surroundings;
  }

  async login(host: string, { user, password }: Login): Promise<void> {
    const verify = `--tls-verify=${this.#surroundings.isTls}`;
    await this.#tools.skopeo("login", verify, "--username", user, "--password", password, host);
  }

  async logout(host: string): Promise<void> {
    await this.#tools.skopeo("logout", host);
  }

  async push(name: string): Promise<string> {
    return this.#copy(`oci:${this.#surroundings.layout.directory}:${IMAGE_TAG}`, `docker://${name}`);
  }

  async pull(name: string): Promise<string> {
    const target = join(this.#surroundings.directory, "pulled");
    await rm(target, { recursive: true, force: true });
    await this.#copy(`docker://${name}`, `dir:${target}`);
    const manifest = JSON.parse(await readFile(join(target, "manifest.json"), "utf8"));
    const files = await readdir(target);
    const { digest } = manifest.config;
    if (!files.includes(digest.replace("sha256:", ""))) throw new Error(`no config among ${files}`);
    return digest;
  }

  /** From one name in registries to another. */
  async copyBetween(from: string, to: string): Promise<string> {
    return this.#copy(`docker://${from}`, `docker://${to}`);
  }

  async #copy(from: string, to: string): Promise<string> {
    const verify = this.#surroundings.isTls;
    const options = [`--src-tls-verify=${verify}`, `--dest-tls-verify=${verify}`];
    return (await this.#tools.skopeo("copy", ...options, from, to)).stdout;
  }
}
