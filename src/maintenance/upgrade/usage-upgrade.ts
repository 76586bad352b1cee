// From format 2 to 3: manifests say how large they are and where they run, tags say what
// a list shows of them, and what is used is counted. Who set a tag nobody wrote down.
import { tagEntryOf } from "../../metadata/entry-names.ts";
import { allTags, manifestKey } from "../../metadata/keys.ts";
import { put } from "../../metadata/metadata-store.ts";
import { describedTag } from "../described.ts";
import { describeManifests } from "../describing.ts";
import { rewriteUsage } from "../usage-rows.ts";
import type { UpgradeRun } from "./upgrade-options.ts";

export async function upgradeUsage(run: UpgradeRun): Promise<void> {
  const { metadata, blobs } = run.options;
  await describeManifests(run);
  await run.step("describing tags", () =>
    run.count(allTags, async (name, record) => {
      const { repository } = tagEntryOf(name);
      const manifest = await metadata.get(manifestKey(repository, record.digest));
      if (manifest === undefined) return []; // fsck tells of it
      const tag = await describedTag({ reader: metadata, blobs }, repository, record, manifest);
      return [put({ text: allTags.text + name }, tag)];
    }),
  );
  await run.step("counting what is used", () => rewriteUsage(metadata));
}
