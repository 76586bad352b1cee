// The keys of what keeps and of what goes: who holds a digest, the trash, what became of
// tags, what is due, and what housekeeping remembers. keys.ts draws the whole tree.
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import type {
  FsckRecord,
  PullsRecord,
  PullsSinceRecord,
  RetentionRunRecord,
  ScrubRecord,
  TagChangeRecord,
  TrashRecord,
  UntaggedRecord,
} from "./keeping-records.ts";
import { end, type Key, type Prefix, type Raw, repositoryPart } from "./keys.ts";

/** What keeps a digest's bytes: the repository's link. */
export const linkHolderKey = (digest: Digest, repository: RepositoryName): Key<Raw> => ({
  text: `H/${digest}${end}${repositoryPart(repository)}${end}`,
});

/** What keeps a digest's bytes: a manifest of the repository, by being it or by naming it. */
export const manifestHolderKey = (
  digest: Digest,
  repository: RepositoryName,
  manifest: Digest,
): Key<Raw> => ({ text: `H/${digest}${end}${repositoryPart(repository)}${end}${manifest}` });

export const heldKey = (digest: Digest): Key<number> => ({ text: `n/held/${digest}` });

export const namedKey = (repository: RepositoryName, digest: Digest): Key<number> => ({
  text: `n/named/${repositoryPart(repository)}${end}${digest}`,
});

export const contentsKey = (repository: RepositoryName): Key<number> => ({
  text: `n/contents/${repositoryPart(repository)}`,
});

export const openUploadsKey = (repository: RepositoryName): Key<number> => ({
  text: `n/uploads/${repositoryPart(repository)}`,
});

export const trashKey = (repository: RepositoryName, digest: Digest): Key<TrashRecord> => ({
  text: `M/${repositoryPart(repository)}${end}${digest}`,
});

/** The id keeps changes of one millisecond apart, in their order. */
export const tagChangeKey = (
  repository: RepositoryName,
  tag: Tag,
  { time, id }: { readonly time: number; readonly id: string },
): Key<TagChangeRecord> => ({
  text: `T/${repositoryPart(repository)}${end}${tag}${end}${timeText(time)}-${id}`,
});

export const untaggedKey = (repository: RepositoryName, digest: Digest): Key<UntaggedRecord> => ({
  text: `U/${repositoryPart(repository)}${end}${digest}`,
});

export const pullsKey = (repository: RepositoryName, digest: Digest): Key<PullsRecord> => ({
  text: `P/${repositoryPart(repository)}${end}${digest}`,
});

/** From when on pulls are counted. */
export const pullsSinceKey: Key<PullsSinceRecord> = { text: "S/pulls" };

/** The format's version, in digits. Absent: the newest, in an engine that is not kept. */
export const formatKey: Key<Raw> = { text: "x/format" };

/** How far a check of the catalogue has come. Absent: the last one came to its end. */
export const fsckKey: Key<FsckRecord> = { text: "S/fsck" };

/** How far scrubbing has come. */
export const scrubKey: Key<ScrubRecord> = { text: "S/scrub" };

/** When retention was last applied. */
export const retentionRunKey: Key<RetentionRunRecord> = { text: "S/retention" };

/** A time of the catalogue's keys: it sorts. In milliseconds since 1970. */
export function timeText(time: number): string {
  return String(Math.max(0, Math.floor(time))).padStart(15, "0");
}

/** Below it, entries are named "<repo>\0" for a link and "<repo>\0<manifest>"; see holderEntryOf (entry-names.ts). */
export const holdersOf = (digest: Digest): Prefix<Raw> => ({ text: `H/${digest}${end}` });

/** Below it, entries are named by manifest; the link's name is empty. */
export const holdersIn = (digest: Digest, repository: RepositoryName): Prefix<Raw> => ({
  text: `H/${digest}${end}${repositoryPart(repository)}${end}`,
});

/** All of them; names begin with the digest. */
export const holders: Prefix<Raw> = { text: "H/" };

/** Below it, entries are named by digest. */
export const held: Prefix<number> = { text: "n/held/" };

/** Below it, entries are named like those of \`links\`. */
export const named: Prefix<number> = { text: "n/named/" };

/** Below it, entries are named like those of \`repositories\`. */
export const contents: Prefix<number> = { text: "n/contents/" };

/** Below it, entries are named like those of \`repositories\`. */
export const openUploads: Prefix<number> = { text: "n/uploads/" };

/** Below it, entries are named by digest. */
export const trashOf = (repository: RepositoryName): Prefix<TrashRecord> => ({
  text: `M/${repositoryPart(repository)}${end}`,
});

/** Everything in the trash; for names see digestEntryOf (entry-names.ts). */
export const trash: Prefix<TrashRecord> = { text: "M/" };

/** Below it, entries are named "<time>-<id>", oldest first. */
export const tagChangesOf = (repository: RepositoryName, tag: Tag): Prefix<TagChangeRecord> => ({
  text: `T/${repositoryPart(repository)}${end}${tag}${end}`,
});

/** Below it, entries are named "<tag>\0<time>-<id>". */
export const tagChangesIn = (repository: RepositoryName): Prefix<TagChangeRecord> => ({
  text: `T/${repositoryPart(repository)}${end}`,
});

/** What is to be looked at, by when; for names see due.ts. */
export const due: Prefix<Raw> = { text: "z/" };

/** All changes of tags: names are "<repo>\\0<tag>\\0<time>-<id>". */
export const allTagChanges: Prefix<TagChangeRecord> = { text: "T/" };

/** For names see digestEntryOf (entry-names.ts). */
export const allUntagged: Prefix<UntaggedRecord> = { text: "U/" };

/** For names see digestEntryOf (entry-names.ts). */
export const allPulls: Prefix<PullsRecord> = { text: "P/" };
