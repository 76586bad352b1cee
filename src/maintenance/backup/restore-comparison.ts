// Compares a catalogue that came back with the cellar, which did not come with it.
import type { BlobStore } from "../../blobs/blob-store.ts";
import { holderEntryOf } from "../../metadata/entry-names.ts";
import { holdersOf } from "../../metadata/keeping-keys.ts";
import { blobs as allBlobs, blobKey, tagsOfManifest } from "../../metadata/keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import type { BlobRecord } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import { inTurns, pages } from "../walk.ts";

/** Bytes that no card mentions. */
export interface Unknown {
  readonly blobs: number;
  readonly bytes: number;
}

/** A blob, and who needs it. */
export interface BlobUse {
  readonly digest: Digest;
  /** As the catalogue has it, in bytes. */
  readonly size: number;
  /** What the cellar has. Absent: nothing. */
  readonly actualSize?: number;
  readonly usedBy: readonly BlobUser[];
  /** True: there are more. */
  readonly truncated: boolean;
}

export interface BlobUser {
  readonly repository: RepositoryName;
  /** The manifest that is it or names it. Absent: only the repository's link. */
  readonly manifest?: Digest;
  /** Tags of the manifest, or of those that name it. */
  readonly tags: readonly Tag[];
}

export type ComparisonItem =
  | { readonly kind: "progress"; readonly phase: "comparing"; readonly done: number }
  | ({ readonly kind: "missing" } & BlobUse)
  | { readonly kind: "compared"; readonly blobs: number; readonly unknown: Unknown };

const MOST_USERS = 20;
const MOST_TAGS = 20;
const STEP = 5000;

/** By sizes; a scrub tells more. What is known to be damaged is not told again. */
export async function* compareWithCellar(
  metadata: MetadataStore,
  blobs: BlobStore,
  signal?: AbortSignal,
): AsyncGenerator<ComparisonItem, void, undefined> {
  let done = 0;
  for await (const page of pages(metadata, allBlobs, signal)) {
    const found = await inTurns(
      page,
      ({ name, record }) => missingOf(metadata, blobs, name as Digest, record), // blobs are named by their digests
    );
    for (const use of found) if (use !== undefined) yield { kind: "missing", ...use };
    done += page.length;
    yield { kind: "progress", phase: "comparing", done };
  }
  const unknown = { blobs: 0, bytes: 0 };
  let seen = 0;
  for await (const { digest, size } of blobs.list()) {
    signal?.throwIfAborted();
    if (++seen % STEP === 0) yield { kind: "progress", phase: "comparing", done: done + seen };
    if ((await metadata.get(blobKey(digest))) !== undefined) continue;
    unknown.blobs += 1;
    unknown.bytes += size;
  }
  yield { kind: "compared", blobs: done, unknown };
}

async function missingOf(
  metadata: MetadataStore,
  blobs: BlobStore,
  digest: Digest,
  { size, damageTime }: BlobRecord,
): Promise<BlobUse | undefined> {
  if (damageTime !== undefined) return undefined;
  const actualSize = await blobs.stat(digest);
  if (actualSize === size) return undefined;
  const holders = await metadata.page(holdersOf(digest), { limit: MOST_USERS + 1, namesOnly: true });
  const usedBy = await inTurns(holders.slice(0, MOST_USERS), ({ name }) => userOf(metadata, name));
  const truncated = holders.length > MOST_USERS;
  return { digest, size, ...(actualSize !== undefined && { actualSize }), usedBy, truncated };
}

async function userOf(metadata: MetadataStore, holder: string): Promise<BlobUser> {
  const { repository, manifest } = holderEntryOf(holder);
  if (manifest === undefined) return { repository, tags: [] };
  return { repository, manifest, tags: await tagsFor(metadata, repository, manifest) };
}

/** Its own, or for a member of an index those of the index. */
async function tagsFor(
  metadata: MetadataStore,
  repository: RepositoryName,
  manifest: Digest,
): Promise<readonly Tag[]> {
  const own = await tagsOf(metadata, repository, manifest);
  if (own.length > 0) return own;
  const holders = await metadata.page(holdersOf(manifest), { limit: MOST_USERS, namesOnly: true });
  const parents = holders.map(({ name }) => holderEntryOf(name));
  const found = await inTurns(parents, async (parent) =>
    parent.repository === repository && parent.manifest !== undefined && parent.manifest !== manifest
      ? tagsOf(metadata, repository, parent.manifest)
      : [],
  );
  return found.flat().slice(0, MOST_TAGS);
}

async function tagsOf(
  metadata: MetadataStore,
  repository: RepositoryName,
  manifest: Digest,
): Promise<readonly Tag[]> {
  const page = { limit: MOST_TAGS, namesOnly: true };
  const entries = await metadata.page(tagsOfManifest(repository, manifest), page);
  return entries.map(({ name }) => name as Tag); // a tag was written there
}
