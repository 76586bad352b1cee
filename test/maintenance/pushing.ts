// Content for tests of housekeeping, pushed as a client would, over stores in memory or on a disk.
import { v7 } from "uuid";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { Bridge } from "../../src/core/bridge.ts";
import { type CoreContext, type CoreOptions, DEFAULT_CORE_OPTIONS } from "../../src/core/context.ts";
import { type Core, createCore } from "../../src/core/core.ts";
import { DigestHolds } from "../../src/core/holds.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import type { RepositoryName, Tag } from "../../src/oci/reference.ts";
import { SOURCE, type Study } from "../core/study.ts";
import { inChunks } from "../support/byte-streams.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

export const repositoryName = (name: string) => name as RepositoryName;

export const tagName = (name: string) => name as Tag;

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** Pushes a blob in a session of its own. */
export async function pushBlob(
  core: Core,
  repository: RepositoryName,
  content: string | Buffer,
  mediaType = LAYER,
): Promise<Descriptor> {
  const bytes = Buffer.from(content);
  const digest = digestOf(bytes);
  const { id } = await core.uploads.create(repository);
  const end = { digest, origin: {} };
  await core.uploads.writeAndCommit({ repository, id }, {}, end, inChunks(bytes, 65_536));
  return { mediaType, digest, size: bytes.length };
}

/** Pushes a manifest document. */
export async function pushDocument(
  core: Core,
  repository: RepositoryName,
  document: { readonly mediaType: string } & Readonly<Record<string, unknown>>,
  tags: readonly string[] = [],
): Promise<Descriptor> {
  const content = Buffer.from(JSON.stringify(document));
  const request = { repository, mediaType: document.mediaType, content, tags: tags.map(tagName) };
  return (await core.manifests.put(request, {})).descriptor;
}

export interface PushedImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Pushes an image of a config and two layers; the first layer is the same in all. */
export async function pushImage(
  core: Core,
  repository: RepositoryName,
  seed: string,
  { tags = [], ...more }: { readonly tags?: readonly string[]; readonly [member: string]: unknown } = {},
): Promise<PushedImage> {
  const config = await pushBlob(core, repository, `{"seed":"${seed}"}`, CONFIG);
  const base = await pushBlob(core, repository, "the base layer");
  const layers = [base, await pushBlob(core, repository, `layer of ${seed}`)];
  const document = { schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers, ...more };
  return { manifest: await pushDocument(core, repository, document, tags), config, layers };
}

/** Pushes an index of manifests. */
export function pushIndex(
  core: Core,
  repository: RepositoryName,
  manifests: readonly Descriptor[],
  tags: readonly string[] = [],
): Promise<Descriptor> {
  return pushDocument(core, repository, { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }, tags);
}

export interface DiskStudy extends Study {
  /** The folder with everything. */
  readonly root: string;
}

/** As withCore, with everything on a disk; the folder may hold something already, and is removed in the end. */
export async function withDisk(
  options: Partial<CoreOptions>,
  run: (study: DiskStudy) => Promise<void>,
  directory?: string,
): Promise<void> {
  const root = directory ?? (await makeTemporaryDirectory());
  const clock = { time: Date.now() };
  const now = () => clock.time;
  const newId = () => v7({ msecs: clock.time });
  const metadata = new Catalogue(await LevelEngine.open(`${root}/metadata`));
  const { blobs, uploads } = await openFilesystemStores({ root, now });
  const context: CoreContext = {
    blobs,
    uploads,
    metadata,
    holds: new DigestHolds(),
    now,
    newId,
    listener: new Bridge({ now, newId, source: SOURCE }),
    options: { ...DEFAULT_CORE_OPTIONS, ...options },
  };
  try {
    await run({ core: createCore(context), context, clock, root });
  } finally {
    await uploads.close();
    await blobs.close();
    await metadata.close();
    await removeTemporaryDirectory(root);
  }
}
