// A registry whose house is kept by commands: in a process of its own while it runs,
// and its data in this process while it does not.
import assert from "node:assert/strict";
import { join } from "node:path";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import type { RunResult } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type HereOptions, type RunningCommand, startServe, stowageHere } from "./cli.ts";

/** It deletes, and nothing happens in it by itself. */
const QUIET = {
  REGISTRY_STORAGE_DELETE_ENABLED: "true",
  REGISTRY_STORAGE_MAINTENANCE_GC_ENABLED: "false",
  REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED: "false",
};

export class KeeperBench {
  readonly folder: string;
  /** Variables that configure the registry. */
  readonly environment: Readonly<Record<string, string>>;
  #running: { readonly command: RunningCommand; readonly url: string } | undefined;

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder;
    const data = { REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(folder, "data") };
    this.environment = { ...QUIET, ...data, ...settings };
  }

  /** With a server that runs. */
  static async open(settings: Readonly<Record<string, string>> = {}): Promise<KeeperBench> {
    const bench = new KeeperBench(await makeTemporaryDirectory(), settings);
    await bench.start();
    return bench;
  }

  get url(): string {
    return this.#running?.url ?? assert.fail("the server does not run");
  }

  async start(): Promise<void> {
    this.#running = await startServe({ REGISTRY_STORAGE: "filesystem", ...this.environment });
  }

  async stop(): Promise<void> {
    this.#running?.command.signal("SIGTERM");
    await this.#running?.command.exit();
    this.#running = undefined;
  }

  /** Asks the server or, where it does not run, the data. */
  run(args: readonly string[], options: HereOptions = {}): Promise<RunResult> {
    if (this.#running !== undefined) return stowageHere([...args, "--server", this.#running.url], options);
    return stowageHere([...args, "--offline"], { ...options, environment: this.environment });
  }

  /** What it prints; it has to go well. */
  async print(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    return stdout;
  }

  async push(repository: string, tag: string, layers: readonly string[]): Promise<string> {
    const config = `config of ${layers.join(" ")}`;
    for (const text of [config, ...layers]) await this.pushBlob(repository, text);
    return this.#put(repository, tag, {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      config: describe(config, "application/vnd.oci.image.config.v1+json"),
      layers: layers.map((text) => describe(text, "application/vnd.oci.image.layer.v1.tar")),
    });
  }

  /** An index of manifests that are there, each given as its digest and size. */
  pushIndex(repository: string, tag: string, members: readonly { digest: string; size: number }[]) {
    const manifests = members.map((member) => ({ mediaType: OCI_IMAGE_MANIFEST, ...member }));
    return this.#put(repository, tag, { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests });
  }

  async pushBlob(repository: string, text: string): Promise<void> {
    const target = `${this.url}/v2/${repository}/blobs/uploads/?digest=${blobOf(text)}`;
    assert.equal((await fetch(target, { method: "POST", body: text })).status, 201);
  }

  /** Begins an upload; returns its id. */
  async beginUpload(repository: string): Promise<string> {
    const { headers } = await fetch(`${this.url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    return headers.get("docker-upload-uuid") ?? assert.fail("no id");
  }

  async delete(repository: string, reference: string): Promise<void> {
    const target = `${this.url}/v2/${repository}/manifests/${reference}`;
    assert.equal((await fetch(target, { method: "DELETE" })).status, 202);
  }

  /** What a tag or digest is; undefined: it is not there. */
  async digest(repository: string, reference: string): Promise<string | undefined> {
    const headers = { accept: `${OCI_IMAGE_INDEX}, ${OCI_IMAGE_MANIFEST}` };
    const target = `${this.url}/v2/${repository}/manifests/${reference}`;
    const answer = await fetch(target, { method: "HEAD", headers });
    return answer.status === 200 ? (answer.headers.get("docker-content-digest") ?? undefined) : undefined;
  }

  async #put(repository: string, tag: string, document: Document): Promise<string> {
    const body = JSON.stringify(document);
    const headers = { "content-type": document.mediaType };
    const target = `${this.url}/v2/${repository}/manifests/${tag}`;
    const answer = await fetch(target, { method: "PUT", headers, body });
    assert.equal(answer.status, 201, await answer.text());
    return digestOf(Buffer.from(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.command[Symbol.asyncDispose]();
    await removeTemporaryDirectory(this.folder);
  }
}

interface Document {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly [member: string]: unknown;
}

export function blobOf(text: string): string {
  return digestOf(Buffer.from(text));
}

function describe(text: string, mediaType: string) {
  return { mediaType, digest: blobOf(text), size: Buffer.byteLength(text) };
}

/** A person at a terminal who types this. */
export function typing(answer: string): HereOptions {
  return { isTerminal: true, hasColors: false, input: { hiddenLines: [answer] } };
}
