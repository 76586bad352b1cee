// The holders index, digest by digest: how many hold it, and how many manifests of
// each repository name it. What the counters of the catalogue must say.
import { holderEntryOf } from "../metadata/entry-names.ts";
import { holders } from "../metadata/keeping-keys.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { names, type Reader } from "./walk.ts";

/** The entries of one digest. */
export interface HolderGroup {
  /** The digest. */
  readonly name: Digest;
  readonly held: number;
  /** The repositories in which other manifests name it, and how many. */
  readonly named: ReadonlyMap<RepositoryName, number>;
}

/** All digests that are held, in order. */
export async function* holderGroups(
  reader: Reader,
  signal?: AbortSignal,
): AsyncGenerator<HolderGroup, void, undefined> {
  let group: { name: Digest; held: number; named: Map<RepositoryName, number> } | undefined;
  for await (const name of names(reader, holders, signal)) {
    const end = name.indexOf("\0");
    const digest = name.slice(0, end) as Digest; // a digest was written there
    if (group?.name !== digest) {
      if (group !== undefined) yield group;
      group = { name: digest, held: 0, named: new Map() };
    }
    group.held += 1;
    const { repository, manifest } = holderEntryOf(name.slice(end + 1));
    if (manifest !== undefined && manifest !== digest)
      group.named.set(repository, (group.named.get(repository) ?? 0) + 1);
  }
  if (group !== undefined) yield group;
}
