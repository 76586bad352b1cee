// Runs checks for tests, and tells what the catalogue holds.
import type { CoreContext } from "../../src/core/context.ts";
import { type Finding, Fsck, type FsckOptions } from "../../src/maintenance/fsck/fsck.ts";
import type { Prefix } from "../../src/metadata/keys.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";

/** All that a check finds. */
export async function findings(
  context: CoreContext,
  options: Partial<FsckOptions> = {},
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for await (const item of new Fsck(context).run({ repair: false, cellar: true, graceMs: 0, ...options }))
    if (item.kind === "finding") found.push(item);
  return found;
}

/** All cards, indexes and counters; without events, without what is due, without what housekeeping remembers. */
export async function rows(metadata: MetadataStore): Promise<Readonly<Record<string, unknown>>> {
  const all: Record<string, unknown> = {};
  for (const letter of "rclmtgfbpudknoHMTUPRA") {
    const prefix: Prefix<unknown> = { text: `${letter}/` };
    const entries = await metadata.page(prefix, { limit: 100_000 });
    for (const { name, record } of entries)
      all[prefix.text + name] =
        record instanceof Uint8Array ? Buffer.from(record).toString("base64") : record;
  }
  return all;
}
