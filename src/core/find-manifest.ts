// Which manifest a reference means, and how it is served.
import { blobKey, manifestKey, tagKey } from "../metadata/keys.ts";
import type { SignedForm } from "../metadata/records.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isSchema1, SCHEMA_1_SIGNED } from "../oci/media-types.ts";
import type { Reference, RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { manifestUnknown } from "./deletion.ts";
import { INLINE_LIMIT } from "./manifest-content.ts";
import { tagDescriptor, tagUnknown } from "./tags.ts";

/** A manifest that is stored. */
export interface FoundManifest {
  /** Of what its digest names. */
  readonly descriptor: Descriptor;
  /** What is served instead. Absent: just that. */
  readonly signed?: SignedForm;
}

/**
 * Throws MANIFEST_UNKNOWN; also for one whose bytes were found to be wrong: a client that is told that it is here would
 * not push it again.
 */
export async function findManifest(
  context: CoreContext,
  repository: RepositoryName,
  reference: Reference,
): Promise<FoundManifest> {
  const found = await findCard(context, repository, reference);
  const { descriptor, signed } = found;
  // Others have their bytes beside their cards as well, and are repaired from there.
  const apart = signed ?? (descriptor.size > INLINE_LIMIT ? descriptor : undefined);
  if (apart === undefined) return found;
  const blob = await context.metadata.get(blobKey(apart.digest));
  if (blob?.damageTime !== undefined) throw manifestUnknown(repository, descriptor.digest);
  return found;
}

async function findCard(
  context: CoreContext,
  repository: RepositoryName,
  reference: Reference,
): Promise<FoundManifest> {
  if (reference.kind === "digest") return findByDigest(context, repository, reference.digest);
  const tag = await context.metadata.get(tagKey(repository, reference.tag));
  if (tag === undefined) throw tagUnknown(repository, reference.tag);
  // How schema 1 is served changes with its signatures, of which tags know nothing.
  return isSchema1(tag.mediaType)
    ? findByDigest(context, repository, tag.digest)
    : { descriptor: tagDescriptor(tag) };
}

async function findByDigest(
  { metadata }: CoreContext,
  repository: RepositoryName,
  digest: Digest,
): Promise<FoundManifest> {
  const record = await metadata.get(manifestKey(repository, digest));
  if (record === undefined) throw manifestUnknown(repository, digest);
  const { mediaType, size, signed } = record;
  return { descriptor: { mediaType, digest, size }, ...(signed !== undefined && { signed }) };
}

/** As clients get it: the size is that of the bytes they get. */
export function servedDescriptor(descriptor: Descriptor, signed: SignedForm | undefined): Descriptor {
  return signed === undefined ? descriptor : { ...descriptor, mediaType: SCHEMA_1_SIGNED, size: signed.size };
}
