// Writes storage trees as distribution does, file by file, so that a test can break any of them.
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  digestHex,
  digestOf,
} from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** An image that was written. */
export interface WrittenImage {
  readonly digest: Digest;
  readonly size: number;
  readonly config: Digest;
  readonly layer: Digest;
}

export class DistributionTree {
  /** What distribution is configured with. */
  readonly directory: string;
  readonly root: string;

  constructor(directory: string) {
    this.directory = directory;
    this.root = join(directory, "docker/registry/v2");
  }

  blobPath(digest: Digest): string {
    const hex = digestHex(digest);
    return join(this.root, "blobs", digestAlgorithm(digest), hex.slice(0, 2), hex, "data");
  }

  /** A path below the repository. */
  path(repository: string, ...parts: readonly string[]): string {
    return join(this.root, "repositories", repository, ...parts);
  }

  layerLink(repository: string, digest: Digest): string {
    return this.path(repository, "_layers", digestAlgorithm(digest), digestHex(digest), "link");
  }

  revisionLink(repository: string, digest: Digest): string {
    return this.path(repository, "_manifests/revisions", digestAlgorithm(digest), digestHex(digest), "link");
  }

  tagLink(repository: string, tag: string): string {
    return this.path(repository, "_manifests/tags", tag, "current/link");
  }

  /** Bytes, without a link. */
  async blob(content: string | Uint8Array, algorithm?: DigestAlgorithm): Promise<Digest> {
    const digest = digestOf(Buffer.from(content), algorithm);
    await this.write(this.blobPath(digest), content);
    return digest;
  }

  async layer(repository: string, content: string | Uint8Array): Promise<Digest> {
    const digest = await this.blob(content);
    await this.write(this.layerLink(repository, digest), digest);
    return digest;
  }

  /** A manifest with its link, and what its tags point to. */
  async manifest(repository: string, document: unknown, tags: readonly string[] = []) {
    const content = typeof document === "string" ? document : JSON.stringify(document);
    const digest = await this.blob(content);
    await this.write(this.revisionLink(repository, digest), digest);
    for (const tag of tags) await this.tag(repository, tag, digest);
    return { digest, size: Buffer.byteLength(content) };
  }

  async tag(repository: string, tag: string, digest: Digest): Promise<void> {
    const index = join("index", digestAlgorithm(digest), digestHex(digest), "link");
    await this.write(this.path(repository, "_manifests/tags", tag, index), digest);
    await this.write(this.tagLink(repository, tag), digest);
  }

  /** An image of one layer; the seed makes it different from others. */
  async image(
    repository: string,
    seed: string,
    tags: readonly string[] = [],
    more: object = {},
  ): Promise<WrittenImage> {
    const [config, layer] = [`{"seed":"${seed}"}`, `layer of ${seed}`];
    const document = {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      config: { mediaType: CONFIG, digest: await this.layer(repository, config), size: config.length },
      layers: [{ mediaType: LAYER, digest: await this.layer(repository, layer), size: layer.length }],
      ...more,
    };
    const written = await this.manifest(repository, document, tags);
    return { ...written, config: document.config.digest, layer: digestOf(Buffer.from(layer)) };
  }

  async index(
    repository: string,
    members: readonly { readonly digest: Digest; readonly size: number }[],
    tags: readonly string[] = [],
  ) {
    const manifests = members.map(({ digest, size }) => ({ mediaType: OCI_IMAGE_MANIFEST, digest, size }));
    return this.manifest(repository, { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }, tags);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  remove(path: string): Promise<void> {
    return rm(path, { recursive: true });
  }

  /** As if it had been written then. */
  async age(path: string, time: number): Promise<void> {
    await utimes(path, time / 1000, time / 1000);
  }
}
