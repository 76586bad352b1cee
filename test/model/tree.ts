// Writes what is to be imported as distribution would have it.
import { join } from "node:path";
import type { Digest } from "../../src/oci/digest.ts";
import { DistributionTree } from "../maintenance/distribution-tree.ts";
import type { Pool } from "./pool.ts";
import type { TreeItem } from "./steps.ts";

/** When the item was pushed to the tree; files have whole seconds here. */
export function timeOf({ age }: TreeItem, now: number): number {
  return Math.floor((now - age) / 1000) * 1000;
}

/** Plants trees below the directory, each in a place of its own; resolves to its root. */
export function plantIn(
  directory: string,
  pool: Pool,
): (items: readonly TreeItem[], now: number) => Promise<string> {
  let trees = 0;
  return async (items, now) => {
    const tree = new DistributionTree(join(directory, `old-${trees++}`));
    for (const item of items) await plant(tree, pool, item, now);
    return tree.root;
  };
}

async function plant(tree: DistributionTree, pool: Pool, item: TreeItem, now: number): Promise<void> {
  const { repository, tags } = item;
  const time = timeOf(item, now);
  const { blobs, members, content } = pool.document(item.digest);
  for (const blob of blobs) await tree.layer(repository, pool.blobs.get(blob) ?? "");
  for (const digest of members) await plant(tree, pool, { ...item, digest, tags: [] }, now);
  const digest: Digest = (await tree.manifest(repository, content.toString(), tags)).digest;
  await tree.age(tree.revisionLink(repository, digest), time);
  for (const tag of tags) await tree.age(tree.tagLink(repository, tag), time);
}
