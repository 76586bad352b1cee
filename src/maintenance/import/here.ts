// What of a repository is in Stowage already, so that an import done again has
// nothing to read for it.
import { blobs, linksOf, manifestsOf, type Prefix, tagsOf } from "../../metadata/keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import type { TagRecord } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import { entries, names } from "../walk.ts";

/** Without what is known to be damaged: that is as if it were not here. */
export interface Here {
  readonly manifests: ReadonlySet<Digest>;
  /** Blobs that are linked. */
  readonly links: ReadonlySet<Digest>;
  readonly tags: ReadonlyMap<Tag, TagRecord>;
}

/** All blobs that are known to be damaged; manifests are among them. */
export async function readDamaged(metadata: MetadataStore): Promise<ReadonlySet<Digest>> {
  const damaged = new Set<Digest>();
  for await (const { name, record } of entries(metadata, blobs))
    if (record.damageTime !== undefined) damaged.add(name as Digest);
  return damaged;
}

export async function readHere(
  metadata: MetadataStore,
  repository: RepositoryName,
  damaged: ReadonlySet<Digest>,
): Promise<Here> {
  const tags = new Map<Tag, TagRecord>();
  for await (const { name, record } of entries(metadata, tagsOf(repository))) tags.set(name as Tag, record);
  const digestsBelow = async (prefix: Prefix<unknown>) => {
    const digests = new Set<Digest>();
    for await (const name of names(metadata, prefix))
      if (!damaged.has(name as Digest)) digests.add(name as Digest);
    return digests;
  };
  return {
    tags,
    manifests: await digestsBelow(manifestsOf(repository)),
    links: await digestsBelow(linksOf(repository)),
  };
}
