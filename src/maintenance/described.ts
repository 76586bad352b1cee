// What cards must say of content beside its descriptor, found out again: how large it is
// with all it names, and where it runs.
import type { BlobStore } from "../blobs/blob-store.ts";
import { contentSizeOf, platformsOf, taggedContent } from "../core/content-size.ts";
import { manifestKey } from "../metadata/keys.ts";
import type { ManifestRecord, TagRecord } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";
import type { ParsedManifest } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-types.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { refusalOf } from "./hash-stored.ts";
import { inspectManifest, type StoredManifest } from "./stored-manifest.ts";
import { inTurns, type Reader } from "./walk.ts";

/** Where it is found out. */
export interface Sources {
  readonly reader: Reader;
  readonly blobs: BlobStore;
  /** False: images' configs are not read. Absent: they are. */
  readonly readsConfigs?: boolean;
}

/** The record with what can be found out; what cannot, stays as it is. */
export async function describedManifest(
  sources: Sources,
  repository: RepositoryName,
  record: ManifestRecord,
  { content, parsed }: Pick<StoredManifest, "content" | "parsed">,
): Promise<ManifestRecord> {
  if (content === undefined || parsed === undefined) return record;
  const { contentSize: knownSize, platforms: known, ...rest } = record;
  const weighed = { manifest: parsed, size: content.length };
  const contentSize = (await contentSizeOf(sources.reader, repository, weighed)) ?? knownSize;
  const platforms = await platformsIn(sources, parsed, known);
  return {
    ...rest,
    ...(contentSize !== undefined && { contentSize }),
    ...(platforms !== undefined && { platforms }),
  };
}

/** The tag as it would be set to its manifest now. */
export async function describedTag(
  { reader, blobs }: Sources,
  repository: RepositoryName,
  { actor, updateTime, digest }: TagRecord,
  manifest: ManifestRecord,
): Promise<TagRecord> {
  const { mediaType, size } = manifest;
  const members = () => membersOf({ reader, blobs }, digest, mediaType);
  return {
    mediaType,
    digest,
    size,
    updateTime,
    ...(await taggedContent(reader, repository, manifest, members)),
    ...(actor !== undefined && { actor }),
  };
}

/** True: what the tag says fits its manifest. An index's members may have come and gone since it was set. */
export async function isWellDescribed(
  sources: Sources,
  repository: RepositoryName,
  tag: TagRecord,
  manifest: ManifestRecord,
): Promise<boolean> {
  const { totalSize = 0 } = tag;
  const { contentSize = 0 } = manifest;
  if (!isIndex(manifest.mediaType)) return totalSize === contentSize;
  if (tag.totalSize === undefined || manifest.contentSize === undefined) return true;
  if (totalSize < contentSize) return false;
  const members = (await membersOf(sources, tag.digest, manifest.mediaType)) ?? [];
  const cards = await inTurns(members, (member) => sources.reader.get(manifestKey(repository, member)));
  if (members.length === 0 || !cards.every((card) => card?.contentSize !== undefined)) return true;
  return totalSize <= ((await describedTag(sources, repository, tag, manifest)).totalSize ?? totalSize);
}

async function membersOf(
  { reader, blobs }: Sources,
  digest: Digest,
  mediaType: string,
): Promise<readonly Digest[] | undefined> {
  const { parsed } = await inspectManifest(reader, blobs, digest, mediaType);
  return parsed?.manifests.map((member) => member.digest);
}

async function platformsIn(
  { blobs, readsConfigs = true }: Sources,
  parsed: ParsedManifest,
  known: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  const isOfIndex = isIndex(parsed.mediaType);
  if (!isOfIndex && !readsConfigs) return known;
  const found = await platformsOf({ blobs }, parsed);
  if (found !== undefined || known === undefined || isOfIndex) return found;
  return (await isReadable(blobs, parsed.blobs[0]?.digest)) ? undefined : known;
}

/** False: nobody can say what it says. */
async function isReadable(blobs: BlobStore, config: Digest | undefined): Promise<boolean> {
  if (config === undefined) return true;
  try {
    return (await blobs.inspect(config))?.isFile === true;
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return false;
  }
}
