// Images for tests of the rules: pushed as clients push them, without HTTP.

import type { Core } from "../../src/core/core.ts";
import { NOBODY } from "../../src/core/origin.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { type Digest, digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName, parseTag, type RepositoryName } from "../../src/oci/reference.ts";

/** Where tests push to when they do not say. */
export const REPOSITORY = parseRepositoryName("a/b");

export interface PictureOptions {
  readonly repository?: RepositoryName;
  readonly tags?: readonly string[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
}

export async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Pushes a blob of this text. */
export async function pushBlob(core: Core, text: string, repository = REPOSITORY): Promise<Digest> {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  const { id } = await core.uploads.create(repository);
  await core.uploads.writeAndCommit({ repository, id }, {}, { digest, origin: NOBODY }, once(bytes));
  return digest;
}

export function blobOf(text: string): Digest {
  return digestOf(Buffer.from(text));
}

/** Pushes an image with these layers, and a config that only it has. */
export async function pushImage(
  core: Core,
  layers: readonly string[],
  options: PictureOptions = {},
): Promise<Descriptor> {
  const { repository = REPOSITORY } = options;
  const config = `config of ${layers.join(" ")} ${options.subject?.digest ?? ""} ${options.artifactType ?? ""}`;
  for (const text of [config, ...layers]) await pushBlob(core, text, repository);
  return putImage(core, config, layers, options);
}

/** Pushes the manifest of such an image; its blobs must be there. */
export function putImage(
  core: Core,
  config: string,
  layers: readonly string[],
  { artifactType, subject, ...options }: PictureOptions = {},
): Promise<Descriptor> {
  return putDocument(core, OCI_IMAGE_MANIFEST, options, {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    ...(artifactType !== undefined && { artifactType }),
    config: describe(config, "application/vnd.oci.image.config.v1+json"),
    layers: layers.map((text) => describe(text, "application/vnd.oci.image.layer.v1.tar")),
    ...(subject !== undefined && { subject }),
  });
}

/** Pushes an index of these manifests. */
export function pushIndex(
  core: Core,
  manifests: readonly Descriptor[],
  { subject, ...options }: PictureOptions = {},
): Promise<Descriptor> {
  return putDocument(core, OCI_IMAGE_INDEX, options, {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_INDEX,
    manifests,
    ...(subject !== undefined && { subject }),
  });
}

async function putDocument(
  core: Core,
  mediaType: string,
  { repository = REPOSITORY, tags = [] }: PictureOptions,
  document: object,
): Promise<Descriptor> {
  const content = Buffer.from(JSON.stringify(document));
  const request = { repository, mediaType, content, tags: tags.map(parseTag) };
  return (await core.manifests.put(request, NOBODY)).descriptor;
}

function describe(text: string, mediaType: string): Descriptor {
  return { mediaType, digest: blobOf(text), size: Buffer.byteLength(text) };
}
