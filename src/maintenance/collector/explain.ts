// Why a blob is still here: everything that holds it, and what keeps that in turn, up
// to a tag, a lease, or a date. And when nothing does: when it will go.
import type { CoreContext } from "../../core/context.ts";
import { dueEntryOf } from "../../metadata/due.ts";
import { type HolderEntry, holderEntryOf } from "../../metadata/entry-names.ts";
import { due, heldKey, holdersIn, holdersOf, namedKey, trashKey } from "../../metadata/keeping-keys.ts";
import type { DeletionReason } from "../../metadata/keeping-records.ts";
import { blobKey, linkKey, manifestKey, type Prefix, tagsOfManifest } from "../../metadata/keys.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

/** Why a manifest is where it is. */
export type ManifestState =
  | {
      readonly kind: "live";
      /** Some of its tags. */
      readonly tags: readonly Tag[];
      /** Some of the indexes that name it. */
      readonly indexes: readonly Digest[];
      /** What it refers to, if that is live. */
      readonly subject?: Digest;
    }
  | { readonly kind: "trash"; readonly expireTime: number; readonly reason: DeletionReason };

/** Something that holds the blob. Times in milliseconds since 1970. */
export type Holder = { readonly repository: RepositoryName } & (
  | {
      readonly kind: "link";
      /** Whether manifests of the repository name the blob: as long as they do, the link stays. */
      readonly isNamed: boolean;
      /** Until when it stays in any case. */
      readonly leaseUntil: number;
    }
  | {
      /** The blob is this manifest, or this manifest names it. */
      readonly kind: "manifest";
      readonly manifest: Digest;
      readonly mediaType: string;
      readonly state: ManifestState;
    }
);

export interface Explanation {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly createTime: number;
  /** When its bytes were found to be wrong. Absent: never. */
  readonly damageTime?: number;
  /** How many hold it in all. */
  readonly holderCount: number;
  /** The first of them. */
  readonly holders: readonly Holder[];
  /** Nothing holds it: when it is to be removed. Absent: something does, or it is looked at with the next collection. */
  readonly dueTime?: number;
}

/** So many holders are explained. */
const MAX_HOLDERS = 100;

/** So many tags and indexes of each. */
const MAX_NAMES = 10;

/** So many entries of the list are looked through for a blob that nothing holds. */
const MAX_DUE = 100_000;
const DUE_PAGE = 1000;

/** Explains what keeps the blob or manifest. Throws BLOB_UNKNOWN. */
export async function explainBlob(context: CoreContext, digest: Digest): Promise<Explanation> {
  const { metadata } = context;
  const blob = await metadata.get(blobKey(digest));
  if (blob === undefined) {
    const message = `blob ${digest} is not in this registry`;
    throw new RegistryError("BLOB_UNKNOWN", { digest }, { message });
  }
  const holderCount = (await metadata.get(heldKey(digest))) ?? 0;
  const entries = await metadata.page(holdersOf(digest), { limit: MAX_HOLDERS, namesOnly: true });
  const holders = await Promise.all(
    entries.map(({ name }) => explainHolder(context, digest, holderEntryOf(name))),
  );
  const dueTime = holderCount === 0 ? await dueTimeOf(context, digest) : undefined;
  return {
    digest,
    ...blob,
    holderCount,
    holders: holders.filter((holder) => holder !== undefined),
    ...(dueTime !== undefined && { dueTime }),
  };
}

/** Undefined when it has gone meanwhile. */
function explainHolder(
  context: CoreContext,
  digest: Digest,
  { repository, manifest }: HolderEntry,
): Promise<Holder | undefined> {
  return manifest === undefined
    ? explainLink(context, repository, digest)
    : explainManifest(context, repository, manifest);
}

async function explainLink(
  { metadata, options }: CoreContext,
  repository: RepositoryName,
  digest: Digest,
): Promise<Holder | undefined> {
  const link = await metadata.get(linkKey(repository, digest));
  if (link === undefined) return undefined;
  const isNamed = (await metadata.get(namedKey(repository, digest))) !== undefined;
  const leaseUntil = (link.leaseTime ?? link.createTime) + options.graceMs;
  return { kind: "link", repository, isNamed, leaseUntil };
}

async function explainManifest(
  context: CoreContext,
  repository: RepositoryName,
  manifest: Digest,
): Promise<Holder | undefined> {
  const { metadata, options } = context;
  const card = await metadata.get(manifestKey(repository, manifest));
  if (card === undefined) {
    const trashed = await metadata.get(trashKey(repository, manifest));
    if (trashed === undefined) return undefined;
    const { deleteTime, reason } = trashed;
    const state = { kind: "trash", expireTime: deleteTime + options.trashAgeMs, reason } as const;
    return { kind: "manifest", repository, manifest, mediaType: trashed.manifest.mediaType, state };
  }
  const { mediaType, subject } = card;
  const hasSubject =
    subject !== undefined && (await metadata.get(manifestKey(repository, subject))) !== undefined;
  const state: ManifestState = {
    kind: "live",
    tags: (await names(context, tagsOfManifest(repository, manifest))) as Tag[],
    indexes: await indexesNaming(context, repository, manifest),
    ...(hasSubject && { subject }),
  };
  return { kind: "manifest", repository, manifest, mediaType, state };
}

/** Those that are live: what is in the trash keeps the bytes, not the manifest. */
async function indexesNaming(
  context: CoreContext,
  repository: RepositoryName,
  manifest: Digest,
): Promise<readonly Digest[]> {
  const found = (await names(context, holdersIn(manifest, repository), MAX_HOLDERS)) as Digest[];
  const indexes: Digest[] = [];
  for (const name of found) {
    if (name === "" || name === manifest || indexes.length === MAX_NAMES) continue;
    const isLive = (await context.metadata.get(manifestKey(repository, name))) !== undefined;
    if (isLive) indexes.push(name);
  }
  return indexes;
}

async function names(
  { metadata }: CoreContext,
  prefix: Prefix<unknown>,
  limit = MAX_NAMES,
): Promise<readonly string[]> {
  return (await metadata.page(prefix, { limit, namesOnly: true })).map(({ name }) => name);
}

async function dueTimeOf({ metadata }: CoreContext, digest: Digest): Promise<number | undefined> {
  let after: string | undefined;
  for (let read = 0; read < MAX_DUE; read += DUE_PAGE) {
    const start = after === undefined ? {} : { after };
    const entries = await metadata.page(due, { limit: DUE_PAGE, namesOnly: true, ...start });
    const found = entries
      .map(({ name }) => dueEntryOf(name))
      .find(({ what }) => what.kind === "blob" && what.digest === digest);
    if (found !== undefined) return found.time;
    if (entries.length < DUE_PAGE) return undefined;
    after = entries.at(-1)?.name;
  }
  return undefined;
}
