// What the names of entries say below the prefixes that span all repositories
// (keys.ts): the other way from a key's parts to its text.
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { repositoryOfCatalogName } from "./keys.ts";

/** What an entry below `repositories` is about. */
export interface RepositoryEntry {
  readonly repository: RepositoryName;
}

/** What an entry below `links`, `manifests` or `trash` is about. */
export interface DigestEntry extends RepositoryEntry {
  readonly digest: Digest;
}

/** What an entry below `allTags` is about. */
export interface TagEntry extends RepositoryEntry {
  readonly tag: Tag;
}

/** What an entry below `holdersOf` is about. */
export interface HolderEntry extends RepositoryEntry {
  /** Absent: the repository's link. */
  readonly manifest?: Digest;
}

/** What an entry below `tagChangesIn` is about. */
export interface TagChangeEntry {
  readonly tag: Tag;
  /** The rest of the name: "<time>-<id>". */
  readonly change: string;
}

/** Reads the name of an entry below `holdersOf`. */
export function holderEntryOf(name: string): HolderEntry {
  const [repository, manifest] = partsOf(name);
  return manifest === "" ? { repository } : { repository, manifest: manifest as Digest }; // a digest was written there
}

/** Reads the name of an entry below `tagChangesIn`. */
export function tagChangeEntryOf(name: string): TagChangeEntry {
  const end = name.indexOf("\0");
  return { tag: name.slice(0, end) as Tag, change: name.slice(end + 1) }; // a tag was written there
}

/** Reads the name of an entry below `repositories`. */
export function repositoryEntryOf(name: string): RepositoryEntry {
  return { repository: repositoryOfCatalogName(name) };
}

/** Reads the name of an entry below `links`, `manifests` or `trash`. */
export function digestEntryOf(name: string): DigestEntry {
  const [repository, digest] = partsOf(name);
  return { repository, digest: digest as Digest }; // a digest was written there
}

/** Reads the name of an entry below `allTags`. */
export function tagEntryOf(name: string): TagEntry {
  const [repository, tag] = partsOf(name);
  return { repository, tag: tag as Tag }; // a tag was written there
}

function partsOf(name: string): readonly [repository: RepositoryName, rest: string] {
  const end = name.indexOf("\0");
  if (end === -1) throw new Error(`${JSON.stringify(name)} does not name an entry of a repository`);
  return [repositoryOfCatalogName(name.slice(0, end)), name.slice(end + 1)];
}
