// What a manifest's card and a tag's say for lists: how much pulling moves, and where
// it runs. Nothing here makes a push fail: what cannot be found out is left out.
import { trashKey } from "../metadata/keeping-keys.ts";
import { type Key, linkKey, manifestKey } from "../metadata/keys.ts";
import type { ManifestRecord, TagRecord } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-types.ts";
import { platformList, platformText } from "../oci/platform.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";

/** A larger one is not read; those of images have a few kilobytes. */
const MAX_CONFIG_BYTES = 64 * 1024;

const CONFIG_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

/** A store, a snapshot, or an attempt. */
export interface CardReader {
  get<R>(key: Key<R>): Promise<R | undefined>;
}

/** What a tag's card says of the manifest beside its descriptor. */
export type TaggedContent = Pick<TagRecord, "totalSize" | "platforms" | "artifactType">;

/** Its own size and those of the blobs it names, each once. Undefined: one of them is not known. */
export async function contentSizeOf(
  reader: CardReader,
  repository: RepositoryName,
  { manifest, size }: { readonly manifest: Pick<ParsedManifest, "blobs">; readonly size: number },
): Promise<number | undefined> {
  let sum = size;
  for (const blob of new Map(manifest.blobs.map((each) => [each.digest, each])).values()) {
    const known = blob.size ?? (await reader.get(linkKey(repository, blob.digest)))?.size;
    if (known === undefined) return undefined;
    sum += known;
  }
  return sum;
}

/** Where it runs: of an index by its descriptors, of an image by its config, if that is small. */
export async function platformsOf(
  { blobs }: Pick<CoreContext, "blobs">,
  manifest: Pick<ParsedManifest, "blobs" | "platforms">,
): Promise<readonly string[] | undefined> {
  if (manifest.platforms !== undefined) return manifest.platforms;
  const config = manifest.blobs.find(({ mediaType }) => CONFIG_TYPES.has(mediaType));
  if (config?.size === undefined || config.size > MAX_CONFIG_BYTES) return undefined;
  try {
    const bytes = await blobs.get(config.digest);
    return bytes && platformList([platformText(JSON.parse(Buffer.from(bytes).toString()))]);
  } catch {
    return undefined; // it can be anything, and be damaged
  }
}

/**
 * What a tag of the manifest is to say. Of an index the members' sizes are added, each once, as far as its manifests
 * and blobs are in the repository; one that is not leaves the total open.
 */
export async function taggedContent(
  reader: CardReader,
  repository: RepositoryName,
  { mediaType, contentSize, platforms, artifactType }: ManifestRecord,
  members: () => Promise<readonly Digest[] | undefined>,
): Promise<TaggedContent> {
  const totalSize = isIndex(mediaType)
    ? await sizeWithMembers(reader, repository, contentSize, members)
    : contentSize;
  return {
    ...(totalSize !== undefined && { totalSize }),
    ...(platforms !== undefined && { platforms }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

async function sizeWithMembers(
  reader: CardReader,
  repository: RepositoryName,
  contentSize: number | undefined,
  members: () => Promise<readonly Digest[] | undefined>,
): Promise<number | undefined> {
  const digests = contentSize === undefined ? undefined : await members();
  if (contentSize === undefined || digests === undefined) return undefined;
  const sizes = await Promise.all(
    [...new Set(digests)].map((digest) => sizeOfMember(reader, repository, digest)),
  );
  return sizes.reduce<number | undefined>(
    (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
    contentSize,
  );
}

/** Of a manifest, perhaps one that is about to come back from the trash, or of a blob: caches are pushed so. */
async function sizeOfMember(
  reader: CardReader,
  repository: RepositoryName,
  digest: Digest,
): Promise<number | undefined> {
  const manifest =
    (await reader.get(manifestKey(repository, digest))) ??
    (await reader.get(trashKey(repository, digest)))?.manifest;
  if (manifest !== undefined) return manifest.contentSize;
  return (await reader.get(linkKey(repository, digest)))?.size;
}
