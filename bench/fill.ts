// Fills a catalogue with tagged images in one repository, through the code that a
// push runs, many at a time. What comes out is what as many pushes would have left,
// but for the bytes in the blob folder.
import { join } from "node:path";
import { v7 as newId } from "uuid";
import { Bridge } from "../src/core/bridge.ts";
import { DEFAULT_CORE_OPTIONS } from "../src/core/context.ts";
import { type Core, createCore } from "../src/core/core.ts";
import { DigestHolds } from "../src/core/holds.ts";
import { NOBODY } from "../src/core/origin.ts";
import { Catalogue } from "../src/metadata/catalogue.ts";
import { LevelEngine } from "../src/metadata/level-engine.ts";
import type { Descriptor } from "../src/oci/descriptor.ts";
import { digestOf } from "../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../src/oci/media-types.ts";
import { parseRepositoryName, parseTag } from "../src/oci/reference.ts";
import { dataFolder } from "../src/stores.ts";
import { BlobCardsOnly, UploadCardsOnly } from "./cards-only.ts";

/** Where the images are. */
export const FILLED_REPOSITORY = parseRepositoryName("bench/filled");

/** How many pushes run at once. They share synced writes. */
const PUSHES = 1024;

/** How often the progress is told, in manifests. */
const STEP = 100_000;

export interface Fill {
  /** What storage.filesystem.rootdirectory says. */
  readonly folder: string;
  /** How many images. Their tags are tagName(0) to tagName(count - 1). */
  readonly count: number;
  readonly signal: AbortSignal;
}

/** The same as tagName in loadgen/operations.go. */
function tagName(number: number): string {
  return `t${String(number).padStart(7, "0")}`;
}

/** Fills the catalogue of a registry that is not running. */
export async function fill({ folder, count, signal }: Fill): Promise<void> {
  const engine = await LevelEngine.open(join(dataFolder(folder), "metadata"));
  const metadata = new Catalogue(engine);
  try {
    const core = createCore({
      blobs: new BlobCardsOnly(),
      uploads: new UploadCardsOnly(),
      metadata,
      holds: new DigestHolds(),
      now: Date.now,
      newId,
      listener: new Bridge({ now: Date.now, newId, source: { address: "bench", instanceId: newId() } }),
      options: DEFAULT_CORE_OPTIONS,
    });
    const blobs = await Promise.all(
      ["config", "base", "libraries", "program"].map((name) => pushBlob(core, name)),
    );
    await pushImages(core, blobs, count, signal);
  } finally {
    await metadata.close();
  }
}

/** Pushes a blob and describes it. */
async function pushBlob(core: Core, text: string): Promise<Descriptor> {
  const content = Buffer.from(text);
  const repository = FILLED_REPOSITORY;
  const { id } = await core.uploads.create(repository);
  await core.uploads.write({ repository, id }, {}, once(content));
  return await core.uploads.commit({ repository, id }, digestOf(content), NOBODY);
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function pushImages(
  core: Core,
  blobs: readonly Descriptor[],
  count: number,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      signal.throwIfAborted();
      const number = next++;
      if (number > 0 && number % STEP === 0) process.stderr.write(`  ${number.toLocaleString("en-US")}\n`);
      const push = {
        repository: FILLED_REPOSITORY,
        mediaType: OCI_IMAGE_MANIFEST,
        content: imageManifest(blobs, number),
        tags: [parseTag(tagName(number))],
      };
      await core.manifests.put(push, NOBODY);
    }
  };
  await Promise.all(Array.from({ length: PUSHES }, worker));
}

/** A manifest that differs from the others in an annotation. */
function imageManifest([config, ...layers]: readonly Descriptor[], number: number): Uint8Array {
  const document = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: { ...config, mediaType: "application/vnd.oci.image.config.v1+json" },
    layers: layers.map((layer) => ({ ...layer, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" })),
    annotations: { "org.opencontainers.image.version": `1.0.${number}` },
  };
  return Buffer.from(JSON.stringify(document));
}
