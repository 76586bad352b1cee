// The bytes of manifests that are stored, and what they say.

import { contentKey } from "../metadata/keys.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { type ParsedManifest, parseManifest } from "../oci/manifest.ts";
import { type CardReader, type TaggedContent, taggedContent } from "./content-size.ts";
import type { CoreContext } from "./context.ts";
import { digestsNamedBy, type Place } from "./references.ts";

/** Up to this size, in bytes, a manifest is also kept beside its card and read in one lookup. */
export const INLINE_LIMIT = 256 * 1024;

/** The stored bytes; shared, never to be changed. Undefined when they are gone. */
export async function readContent(
  { metadata, blobs }: CoreContext,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  return (await metadata.get(contentKey(digest))) ?? (await blobs.get(digest));
}

/** What a stored manifest says. Undefined when its bytes are gone or cannot be read any more. */
export async function readStoredManifest(
  context: CoreContext,
  digest: Digest,
  { mediaType }: ManifestRecord,
): Promise<ParsedManifest | undefined> {
  const content = await readContent(context, digest);
  return content === undefined ? undefined : parseStored(content, mediaType);
}

/** What bytes say that were stored under the media type. Undefined when they cannot be read any more. */
export function parseStored(content: Uint8Array, mediaType: string): ParsedManifest | undefined {
  try {
    return parseManifest(content, mediaType);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

/** What a stored manifest names and keeps. Empty when it cannot be read: fsck finds what then stays for nothing. */
export async function namedByStored(
  context: CoreContext,
  digest: Digest,
  record: ManifestRecord,
): Promise<readonly Digest[]> {
  const manifest = await readStoredManifest(context, digest, record);
  const signed = record.signed === undefined ? [] : [record.signed.digest];
  return [...(manifest === undefined ? [] : digestsNamedBy(manifest)), ...signed];
}

/** What a tag of a stored manifest is to say. */
export function storedTaggedContent(
  context: CoreContext,
  reader: CardReader,
  { repository, digest }: Place,
  record: ManifestRecord,
): Promise<TaggedContent> {
  return taggedContent(reader, repository, record, async () =>
    (await readStoredManifest(context, digest, record))?.manifests.map((member) => member.digest),
  );
}
