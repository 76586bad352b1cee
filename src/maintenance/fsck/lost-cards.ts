// Cards that were lost, as the indexes tell which are written and removed with them:
// they are made again from what else is there, instead of forgetting them altogether.
import { namedKey, tagChangesOf, trashKey } from "../../metadata/keeping-keys.ts";
import { blobKey, linkKey, manifestKey, tagKey } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import { transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import { describedManifest, describedTag } from "../described.ts";
import { inspectManifest } from "../stored-manifest.ts";
import type { PhaseRun, Suspicion } from "./findings.ts";

/** Something of a repository. */
interface Place {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

/** The link that a holder's entry speaks of, where manifests of the repository need it. Undefined: they do not. */
export async function linkMissing(
  run: PhaseRun,
  { repository, digest }: Place,
): Promise<Suspicion | undefined> {
  const { snapshot, context } = run;
  if ((await snapshot.get(namedKey(repository, digest))) === undefined) return undefined;
  if ((await snapshot.get(blobKey(digest))) === undefined) return undefined;
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const blob = await transaction.get(blobKey(digest));
      if (blob === undefined || (await transaction.get(linkKey(repository, digest))) !== undefined)
        return true;
      transaction.put(linkKey(repository, digest), { size: blob.size, createTime: context.now() });
      return true;
    });
  const detail = "manifests of the repository name it, and the repository's link to it is lost";
  return { what: "link-missing", repository, digest, detail, repair };
}

/** The card of a manifest that the index of holders has, and that is neither live nor in the trash. */
export async function manifestMissing(run: PhaseRun, { repository, digest }: Place): Promise<Suspicion> {
  const { snapshot, context } = run;
  const stored = await inspectManifest(snapshot, context.blobs, digest, "");
  const { content, parsed } = stored;
  const suspicion = { what: "manifest-missing", repository, digest } as const;
  if (content === undefined || parsed === undefined) {
    const detail = "its card is lost, and its bytes cannot be read";
    const advice = "push it again; what it may need is kept";
    return { ...suspicion, detail, advice };
  }
  const { mediaType, subject, artifactType } = parsed;
  const found: ManifestRecord = {
    mediaType,
    size: content.length,
    createTime: context.now(),
    revision: 1,
    ...(subject !== undefined && { subject }),
    ...(artifactType !== undefined && { artifactType }),
  };
  const sources = { reader: snapshot, blobs: context.blobs };
  const record = await describedManifest(sources, repository, found, stored);
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const keys = [manifestKey(repository, digest), trashKey(repository, digest)];
      const cards = await Promise.all(keys.map((key) => transaction.get<object>(key)));
      if (cards.every((card) => card === undefined)) transaction.put(manifestKey(repository, digest), record);
      return true;
    });
  return { ...suspicion, detail: "its card is lost; its bytes are there", repair };
}

/** A tag that its manifest lists and that is not there, where the last thing that is known of it says so too. */
export async function tagMissing(
  { snapshot, context }: PhaseRun,
  { repository, tag, digest }: Place & { readonly tag: Tag },
): Promise<Suspicion | undefined> {
  const [last] = await snapshot.page(tagChangesOf(repository, tag), { limit: 1, reverse: true });
  const change = last?.record;
  if (change?.to !== digest) return undefined;
  const { time: updateTime, actor } = change;
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const manifest = await transaction.get(manifestKey(repository, digest));
      if (manifest === undefined || (await transaction.get(tagKey(repository, tag))) !== undefined)
        return true;
      const { mediaType, size } = manifest;
      const found = { mediaType, digest, size, updateTime, ...(actor !== undefined && { actor }) };
      const sources = { reader: context.metadata, blobs: context.blobs };
      transaction.put(tagKey(repository, tag), await describedTag(sources, repository, found, manifest));
      return true;
    });
  const detail = "the tag is lost; its manifest and its history know it";
  return { what: "tag-missing", repository, digest, tag, detail, repair };
}
