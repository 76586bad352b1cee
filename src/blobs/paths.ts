// The disk tree of the cellar, and the only place that makes a path in it.
//
//   <root>/
//     blobs/<algorithm>/<first 2 hex>/<hex>   a blob's bytes; never changed, only unlinked
//     uploads/<upload id>                     an upload's bytes so far; once committed, the blob's file too (a hard link)
//     journal/checkpoint-<sequence>           whose the blobs were at that event (maintenance/journal.ts)
//     journal/changes-<sequence>              what changed behind it
//     tmp/<number>                            a file that nothing mentions yet; emptied at start
//     quarantine/<algorithm>-<hex>            a blob's bytes that were found to be wrong; nothing reads them
//
// All are on one filesystem, so that a file moves between them in one step.
import { join } from "node:path";
import { DIGEST_ALGORITHMS, type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";

/** The directories below the root that hold the shards, as "blobs/sha256". */
export const ALGORITHM_DIRECTORIES = Object.keys(DIGEST_ALGORITHMS).map((algorithm) =>
  join("blobs", algorithm),
);

/** The directory that holds the blob, as "blobs/sha256/0f". */
export function shardOf(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest).slice(0, 2)}`;
}

/** True for a name that a shard can have: two hex characters. */
export function isShardName(name: string): boolean {
  return /^[0-9a-f]{2}$/.test(name);
}

export function blobPath(root: string, digest: Digest): string {
  return `${root}/${shardOf(digest)}/${digestHex(digest)}`;
}

export function uploadsDirectory(root: string): string {
  return join(root, "uploads");
}

/** The directory of bytes that were found to be wrong, below the root. */
export const QUARANTINE = "quarantine";

export function quarantinePath(root: string, digest: Digest): string {
  return join(root, QUARANTINE, `${digestAlgorithm(digest)}-${digestHex(digest)}`);
}

export function temporaryDirectory(root: string): string {
  return join(root, "tmp");
}

export function journalDirectory(root: string): string {
  return join(root, "journal");
}
