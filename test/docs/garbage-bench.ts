// Where docs/garbage.md is run as it stands, but for the data's place: a registry with a configuration of the page, images
// of made-up bytes, and a clock that can be put forward, for registry and commands alike.
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { blobPath } from "../../src/blobs/paths.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { type Answer, HttpCaller } from "../support/http-caller.ts";
import { freePort, MAIN } from "../support/local-registry.ts";
import { type RunResult, tryRun } from "../support/run.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import type { Page } from "./page.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const KIB = 1024;

/** Loaded before anything else by every process of the bench. */
const CLOCK = `
import { readFileSync } from "node:fs";
const real = Date.now;
Date.now = () => real() + Number(readFileSync(process.env.DOCS_CLOCK, "utf8"));
`;

/** A manifest with its bytes. */
export interface Pushed {
  readonly digest: string;
  readonly body: Buffer;
}

export class GarbageBench implements AsyncDisposable {
  readonly directory: string;
  /** Where its configuration says that data lies. */
  readonly data: string;
  readonly http: HttpCaller;
  readonly #page: Page;
  #server: ServerProcess | undefined;

  private constructor(page: Page, directory: string, host: string) {
    this.#page = page;
    this.directory = directory;
    this.data = join(directory, "data");
    this.http = new HttpCaller(host);
  }

  /** The registry runs, with the page's configuration of this name. */
  static async open(page: Page, configuration: string): Promise<GarbageBench> {
    const directory = await makeTemporaryDirectory();
    const bench = new GarbageBench(page, directory, `127.0.0.1:${await freePort()}`);
    for (const path of [join(directory, "bin"), bench.backup]) await mkdir(path);
    await bench.write("clock.mjs", CLOCK);
    await bench.setDay(0);
    const command = await bench.write("bin/stowage", `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`);
    await chmod(command, 0o755);
    await bench.configure(configuration);
    await bench.start();
    return bench;
  }

  /** Where the page's scripts put backups. */
  get backup(): string {
    return join(this.directory, "backup");
  }

  /** The data folder. */
  get folder(): string {
    return join(this.data, "stowage");
  }

  /** The file of a blob with these bytes. */
  pathOf(content: Buffer): string {
    return blobPath(this.folder, digestOf(content));
  }

  has(content: Buffer): boolean {
    return existsSync(this.pathOf(content));
  }

  /** So many days have passed since the beginning. */
  async setDay(day: number): Promise<void> {
    await this.write("clock", String(day * DAY_MS));
  }

  /** Writes the page's configuration of this name, for the next start. */
  async configure(name: string): Promise<void> {
    await this.write("config.yml", this.#placed(this.#page.named(name)));
  }

  async start(): Promise<void> {
    this.#server = await ServerProcess.start({
      command: [process.execPath, MAIN, "serve", join(this.directory, "config.yml")],
      env: this.#environment({ REGISTRY_HTTP_ADDR: this.http.host }),
      log: join(this.directory, "registry.log"),
      ready: async () => (await this.http.call({ method: "GET", path: "/v2/" })).status === 200,
    });
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** Runs the page's script of this name with these variables; throws when a line of it fails. */
  async run(
    name: string,
    variables: Readonly<Record<string, string>> = {},
    expected: { readonly code: number } = { code: 0 },
  ): Promise<string> {
    const path = await this.write(name, this.#placed(this.#page.named(name)));
    const command = ["bash", "-e", "-o", "pipefail", path];
    const { code, stdout, stderr } = await tryRun(command, this.#options(variables));
    if (code === expected.code) return stdout.replaceAll(this.data, "/var/lib/stowage");
    throw new Error(`${name} ended with ${code}\n${stdout}${stderr}${await this.#server?.logTail()}`);
  }

  /** Runs one command. */
  stowage(...args: readonly string[]): Promise<RunResult> {
    return tryRun(["stowage", ...args], this.#options());
  }

  /** What a command prints; it has to go well. */
  async print(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.stowage(...args);
    if (code !== 0) throw new Error(`stowage ${args.join(" ")} ended with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, text);
    return path;
  }

  /** Pushes an image: each layer is as many KiB as its number says, made of its name. */
  async push(repository: string, tag: string, layers: Readonly<Record<string, number>>): Promise<Pushed> {
    const contents = Object.entries(layers).map(([name, kib]) => layerOf(name, kib));
    const config = Buffer.from(`config of ${Object.keys(layers).join(", ")}`);
    for (const content of [config, ...contents]) await this.pushBlob(repository, content);
    return this.pushManifest(repository, tag, {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      config: describe(config, "application/vnd.oci.image.config.v1+json"),
      layers: contents.map((content) => describe(content, "application/vnd.oci.image.layer.v1.tar")),
    });
  }

  /** One more tag for what is there. */
  async tag(repository: string, { body }: Pushed, tag: string): Promise<void> {
    await this.pushManifest(repository, tag, JSON.parse(body.toString()));
  }

  /** Begins an upload; returns its path. */
  async beginUpload(repository: string): Promise<string> {
    const call = { method: "POST", path: `/v2/${repository}/blobs/uploads/` };
    return (await this.http.expect([202], call)).headers.location ?? "";
  }

  /** Something that refers to the manifest, without a tag, or with one that is attached by name. */
  async sign(repository: string, { digest, body }: Pushed, tag?: string): Promise<Pushed> {
    const config = Buffer.from("{}");
    await this.pushBlob(repository, config);
    const subject = { mediaType: OCI_IMAGE_MANIFEST, digest, size: body.length };
    const document = {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      artifactType: "application/vnd.example.signature",
      config: describe(config, "application/vnd.oci.empty.v1+json"),
      layers: [describe(config, "application/vnd.oci.empty.v1+json")],
      ...(tag === undefined && { subject }),
    };
    return this.pushManifest(repository, tag ?? digestOf(Buffer.from(JSON.stringify(document))), document);
  }

  /** An index of these, which are there. */
  pushIndex(repository: string, tag: string, members: readonly Pushed[]): Promise<Pushed> {
    const manifests = members.map(({ body }) => describe(body, OCI_IMAGE_MANIFEST));
    return this.pushManifest(repository, tag, { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests });
  }

  async pushBlob(repository: string, content: Buffer): Promise<void> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`;
    await this.http.expect([201], { method: "POST", path, body: content });
  }

  async pushManifest(
    repository: string,
    reference: string,
    document: { readonly mediaType: string; readonly [member: string]: unknown },
  ): Promise<Pushed> {
    const body = Buffer.from(JSON.stringify(document));
    const path = `/v2/${repository}/manifests/${reference}`;
    await this.http.expect([201], {
      method: "PUT",
      path,
      headers: { "content-type": document.mediaType },
      body,
    });
    return { digest: digestOf(body), body };
  }

  /** What a tag or digest is; undefined: it is not there. */
  async digest(repository: string, reference: string): Promise<string | undefined> {
    const { status, headers } = await this.call("HEAD", `/v2/${repository}/manifests/${reference}`);
    return status === 200 ? String(headers["docker-content-digest"]) : undefined;
  }

  /** Starts it again, so that what it does by itself at its start is done, and what it does once a minute a minute away. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
    await this.print("gc");
  }

  /** "DELETE", "/v2/…". */
  call(method: string, path: string): Promise<Answer> {
    return this.http.call({ method, path, headers: { accept: `${OCI_IMAGE_INDEX}, ${OCI_IMAGE_MANIFEST}` } });
  }

  async status(method: string, path: string): Promise<number> {
    return (await this.call(method, path)).status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.http.close();
    await removeTemporaryDirectory(this.directory);
  }

  /** The page's text, with folders of this bench. */
  #placed(text: string): string {
    return text.replaceAll("/var/lib/stowage", this.data).replaceAll("/backup/", `${this.backup}/`);
  }

  #options(variables: Readonly<Record<string, string>> = {}) {
    const env = this.#environment({ STOWAGE_SERVER: `http://${this.http.host}`, ...variables });
    return { cwd: this.directory, env };
  }

  #environment(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    return {
      PATH: [join(this.directory, "bin"), process.env.PATH].join(delimiter),
      HOME: this.directory,
      NODE_OPTIONS: `--import=${join(this.directory, "clock.mjs")}`,
      DOCS_CLOCK: join(this.directory, "clock"),
      ...variables,
    };
  }
}

export function manifestPath(repository: string, { digest }: Pick<Pushed, "digest">): string {
  return `/v2/${repository}/manifests/${digest}`;
}

/** The bytes of a layer. */
export function layerOf(name: string, kib: number): Buffer {
  return Buffer.alloc(kib * KIB, `layer ${name} `);
}

function describe(content: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(content), size: content.length };
}
