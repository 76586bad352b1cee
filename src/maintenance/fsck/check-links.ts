// Each link: its entry in the index of holders, and its blob record of the same size.
import { NOTHING } from "../../core/references.ts";
import { digestEntryOf } from "../../metadata/entry-names.ts";
import { linkHolderKey } from "../../metadata/keeping-keys.ts";
import { blobKey, linkKey, links } from "../../metadata/keys.ts";
import type { LinkRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { inTurns, isThere, pages } from "../walk.ts";
import { blobRecordMissing, blobSizeWrong } from "./blob-record.ts";
import type { HolderTally } from "./check-manifests.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

export async function* checkLinks(run: PhaseRun, tally: HolderTally): Steps {
  for await (const page of pages(run.snapshot, links, run.signal)) {
    const found = await inTurns(page, async ({ name, record }) => {
      const { repository, digest } = digestEntryOf(name);
      const missing = await missingHolder(run, repository, digest);
      tally.expected += 1;
      tally.missing += missing.length;
      return [...missing, ...(await judgeRecord(run, { repository, digest, link: record }))];
    });
    yield { done: page.length, suspicions: found.flat() };
  }
}

async function missingHolder(
  run: PhaseRun,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Suspicion[]> {
  const key = linkHolderKey(digest, repository);
  if (await isThere(run.snapshot, key)) return [];
  run.memory.unsure.add(digest);
  const repair = () =>
    transact(run.context.metadata, async (transaction) => {
      const link = await transaction.get(linkKey(repository, digest));
      if (link !== undefined && (await transaction.get(key)) === undefined) transaction.put(key, NOTHING);
      return true;
    });
  const detail = "the repository has a link to it, and the index of holders does not say so";
  return [{ what: "holder-missing", repository, digest, detail, repair }];
}

async function judgeRecord(
  run: PhaseRun,
  place: { readonly repository: RepositoryName; readonly digest: Digest; readonly link: LinkRecord },
): Promise<readonly Suspicion[]> {
  const { link, ...mention } = place;
  const blob = await run.snapshot.get(blobKey(place.digest));
  if (blob === undefined) return [blobRecordMissing(run, { ...mention, size: link.size })];
  return blob.size === link.size ? [] : [blobSizeWrong(run, mention, { link, blob })];
}
