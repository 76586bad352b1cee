// Rebuilding links: which blobs each repository sees. What a manifest names must have
// been there, so that is put right even where the journal had lost it.
import { NOTHING } from "../../core/references.ts";
import { dueKey } from "../../metadata/due.ts";
import { digestEntryOf } from "../../metadata/entry-names.ts";
import {
  contentsKey,
  heldKey,
  linkHolderKey,
  named,
  namedKey,
  trashKey,
} from "../../metadata/keeping-keys.ts";
import { blobKey, linkKey, links, manifestKey } from "../../metadata/keys.ts";
import { type Transaction, transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { hashStored } from "../hash-stored.ts";
import type { LinkFact } from "../journal/journal-facts.ts";
import type { JournalRow } from "../journal/journal-overlay.ts";
import { merge } from "../merge.ts";
import { entries } from "../walk.ts";
import type { RebuildItem } from "./rebuild-items.ts";
import { putManifest, readManifest } from "./rebuild-manifests.ts";
import { putRepository, type RebuildStep, type Workshop } from "./rebuild-workshop.ts";

interface Finding {
  /** What the cellar has, in bytes. Undefined: nothing. */
  readonly size: number | undefined;
  /** Why the bytes are no good. */
  readonly problem?: string;
  /** A manifest names it. */
  readonly isNamed: boolean;
  /** It has a card already. */
  readonly isKnown: boolean;
}

export function linkStep(workshop: Workshop): RebuildStep<LinkFact, Finding> {
  return {
    phase: "links",
    accepts: (row: JournalRow): row is LinkFact => row.kind === "link",
    look: (row) => look(workshop, row),
    put: (transaction, row, finding) => putLink(workshop, transaction, row, finding),
  };
}

async function look(
  { metadata, blobs, options, signal }: Workshop,
  { repository, digest, size: expected }: Omit<LinkFact, "s" | "kind" | "time">,
): Promise<Finding> {
  const isNamed = (await metadata.get(namedKey(repository, digest))) !== undefined;
  const known = await metadata.get(blobKey(digest));
  // What another link or a manifest has brought was looked at then.
  if (known !== undefined) {
    const problem = known.damageTime === undefined ? {} : { problem: "its bytes are gone or wrong" };
    return { size: known.size, isNamed, isKnown: true, ...problem };
  }
  const size = await blobs.stat(digest);
  const found = { size, isNamed, isKnown: false };
  if (size === undefined) return { ...found, problem: "its bytes are gone" };
  if (size !== expected) return { ...found, problem: `it has ${size} bytes instead of ${expected}` };
  if (!options.verify) return found;
  const actual = await hashStored(blobs, digest, signal === undefined ? {} : { signal });
  if (actual.digest === digest) return found;
  return { ...found, problem: actual.problem ?? "its bytes are wrong" };
}

function putLink(
  workshop: Workshop,
  transaction: Transaction,
  { repository, digest, size, time }: Omit<LinkFact, "s" | "kind">,
  { problem, isNamed, isKnown }: Finding,
): RebuildItem | undefined {
  // Who pushed it and never came to push a manifest does so again.
  if (problem !== undefined && !isNamed) return undefined;
  const { now, graceMs } = workshop.options;
  putRepository(workshop, transaction, repository, time);
  const lease = isNamed ? {} : { leaseTime: now() };
  transaction.put(linkKey(repository, digest), { size, createTime: time, ...lease });
  transaction.add(contentsKey(repository), 1);
  transaction.put(linkHolderKey(digest, repository), NOTHING);
  transaction.add(heldKey(digest), 1);
  if (!isNamed) {
    const what = { kind: "link", repository, digest } as const;
    transaction.put(dueKey({ time: now() + graceMs, what }), NOTHING);
  }
  const damage = problem === undefined ? {} : { damageTime: now() };
  if (!isKnown) transaction.put(blobKey(digest), { size, createTime: time, ...damage });
  workshop.totals.links += 1;
  if (problem === undefined) return undefined;
  workshop.totals.lostBlobs += 1;
  return { kind: "blob-lost", repository, digest, size, reason: problem };
}

/** Gives repositories what their manifests name and the journal did not tell: again, until nothing new comes of it. */
export async function findNamed(workshop: Workshop): Promise<void> {
  const { metadata, signal, totals } = workshop;
  for (let before = -1; before !== totals.found; ) {
    before = totals.found;
    const both = merge(entries(metadata, named, signal), entries(metadata, links, signal));
    for await (const { name, left, right } of both) {
      if (left === undefined || right !== undefined) continue;
      const { repository, digest } = digestEntryOf(name);
      if (await isManifest(workshop, repository, digest)) continue;
      if (await claim(workshop, repository, digest)) totals.found += 1;
    }
  }
}

async function isManifest(
  { metadata }: Workshop,
  repository: RepositoryName,
  digest: Digest,
): Promise<boolean> {
  const live = await metadata.get(manifestKey(repository, digest));
  return live !== undefined || (await metadata.get(trashKey(repository, digest))) !== undefined;
}

/** False: the cellar does not have it, as with a foreign layer, or a member of an index that was never pushed. */
async function claim(workshop: Workshop, repository: RepositoryName, digest: Digest): Promise<boolean> {
  const { metadata, blobs, options } = workshop;
  const size = await blobs.stat(digest);
  if (size === undefined) return false;
  const time = options.now();
  const read = await readManifest(workshop, digest, { mediaType: "" });
  const finding = await look(workshop, { repository, digest, size });
  await transact(metadata, async (transaction) => {
    if (typeof read === "string") putLink(workshop, transaction, { repository, digest, size, time }, finding);
    else {
      const { mediaType } = read.parsed;
      putManifest(workshop, transaction, { kind: "manifest", repository, digest, mediaType, time }, read);
    }
  });
  return true;
}
