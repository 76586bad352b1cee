// Makes OCI image layouts with real layers: images for several architectures, indexes, artifacts with a subject.
// The same arguments make the same bytes. image-spec, Image Layout.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { type Digest, digestHex, digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { generatedFiles } from "./generated-files.ts";
import { type TarEntry, tar } from "./tar.ts";

const CREATED = "2020-01-01T00:00:00Z";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const EMPTY = "application/vnd.oci.empty.v1+json";

/** What an image shall be. */
export interface ImageSpec {
  /** The name in the layout's index; an untagged image is only part of an index. */
  readonly tag?: string;
  /** Everything generated depends on it. */
  readonly seed: string;
  /** How many generated layers; 1 if absent. */
  readonly layers?: number;
  /** What the generated files of one layer amount to; 64 KiB if absent. */
  readonly bytesPerLayer?: number;
  /** "amd64" if absent. */
  readonly architecture?: string;
  /** Files of one more layer. */
  readonly files?: readonly TarEntry[];
  /** What the image runs. */
  readonly command?: readonly string[];
}

/** A descriptor as it stands in an index. */
export interface IndexEntry extends Descriptor {
  readonly platform?: { readonly architecture: string; readonly os: "linux" };
}

/** An image that was made. */
export interface BuiltImage {
  readonly manifest: IndexEntry;
  /** Clients call the digest of it the image's id. */
  readonly config: Descriptor;
  /** The layers unpacked, first to last. */
  readonly layerTars: readonly Buffer[];
  readonly configContent: Buffer;
}

type Manifest = { readonly mediaType: string } & Readonly<Record<string, unknown>>;

/** A directory that holds images; clients read it as `oci:<directory>:<tag>`. */
export class ImageLayout {
  readonly directory: string;
  readonly #index: unknown[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(directory: string): Promise<ImageLayout> {
    await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
    await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return new ImageLayout(directory);
  }

  async addImage(spec: ImageSpec): Promise<BuiltImage> {
    const layerTars = layersOf(spec);
    const configContent = configOf(
      spec,
      layerTars.map((layer) => digestOf(layer)),
    );
    const config = await this.#blob(CONFIG, configContent);
    const layers = await Promise.all(layerTars.map((layer) => this.#blob(LAYER, gzipSync(layer))));
    const platform = { architecture: spec.architecture ?? "amd64", os: "linux" } as const;
    const content = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers };
    const manifest = { ...(await this.#manifest(content, spec.tag)), platform };
    return { manifest, config, layerTars, configContent };
  }

  async addIndex(tag: string, images: readonly BuiltImage[]): Promise<Descriptor> {
    const manifests = images.map((image) => image.manifest);
    return this.#manifest({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }, tag);
  }

  /** An artifact that says something about its subject: a signature, a bill of materials. */
  async addArtifact(options: ArtifactSpec): Promise<Descriptor> {
    const config = await this.#blob(EMPTY, Buffer.from("{}"));
    const layers = [await this.#blob(options.artifactType, Buffer.from(options.content))];
    const { artifactType, subject } = options;
    const content = {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_MANIFEST,
      artifactType,
      config,
      layers,
      subject,
    };
    return this.#manifest(content, options.tag);
  }

  async #manifest(manifest: Manifest, tag: string | undefined): Promise<Descriptor> {
    const descriptor = await this.#blob(manifest.mediaType, Buffer.from(JSON.stringify(manifest)));
    if (tag !== undefined) {
      this.#index.push({ ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } });
      const index = { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests: this.#index };
      await writeFile(join(this.directory, "index.json"), JSON.stringify(index));
    }
    return descriptor;
  }

  async #blob(mediaType: string, content: Buffer): Promise<Descriptor> {
    const digest = digestOf(content);
    await writeFile(this.blobPath(digest), content);
    return { mediaType, digest, size: content.length };
  }

  /** The file that holds this content. */
  blobPath(digest: Digest): string {
    return join(this.directory, "blobs", "sha256", digestHex(digest));
  }
}

/** What an artifact shall be. */
export interface ArtifactSpec {
  readonly tag?: string;
  readonly artifactType: string;
  readonly subject: Descriptor;
  readonly content: string;
}

function layersOf(spec: ImageSpec): Buffer[] {
  const generated = Array.from({ length: spec.layers ?? 1 }, (_, number) =>
    tar(generatedFiles(`data-${number}`, `${spec.seed}/${spec.architecture}`, spec.bytesPerLayer ?? 65_536)),
  );
  return spec.files === undefined ? generated : [...generated, tar(spec.files)];
}

function configOf(spec: ImageSpec, diffIds: readonly string[]): Buffer {
  const config = {
    created: CREATED,
    architecture: spec.architecture ?? "amd64",
    os: "linux",
    config: { Cmd: spec.command, Labels: { seed: spec.seed } },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map((_, number) => ({ created: CREATED, created_by: `layer ${number}` })),
  };
  return Buffer.from(JSON.stringify(config));
}
