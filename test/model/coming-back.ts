// The model's rule of what comes back with a manifest that is taken out of the trash.
import type { Model } from "./model.ts";
import type { Repository, Trashed } from "./world.ts";

export interface BringingBack {
  readonly digest: string;
  readonly record: Trashed;
  readonly wants: (tag: string) => boolean;
}

export interface BroughtBack {
  readonly tags: readonly string[];
  readonly takenTags: readonly string[];
  /** The manifests that came with it. */
  readonly others: readonly string[];
}

/** The manifest, what went with it, and the members that indexes among them would miss, with the tags that are free. */
export function bringBack(
  model: Model,
  repository: Repository,
  { digest, record, wants }: BringingBack,
): BroughtBack {
  const stayed = Object.entries(record.attached)
    .filter(([, target]) => target in repository.live)
    .map(([tag, target]) => [tag, target, model.time] as const);
  const companions = record.companions.filter(
    (companion) => repository.trash[companion]?.belongsTo === digest,
  );
  const tagged = [digest, ...companions].flatMap((back) =>
    Object.entries(repository.trash[back]?.tags ?? {}).map(([tag, time]) => [tag, back, time] as const),
  );
  const back = new Set([digest, ...companions]);
  for (const one of back)
    for (const member of model.pool.document(one).members) if (member in repository.trash) back.add(member);
  for (const one of back) {
    model.enter(repository, one, model.time);
    // A manifest without its blobs would be no use.
    for (const blob of model.pool.document(one).blobs) model.lease(repository, blob);
  }
  const wanted = [...tagged, ...stayed].filter(([tag]) => wants(tag));
  const takenTags = wanted.map(([tag]) => tag).filter((tag) => tag in repository.tags);
  const free = wanted.filter(([tag]) => !(tag in repository.tags));
  for (const [tag, target, time] of free) model.setTag(repository, tag, target, time);
  return { tags: free.map(([tag]) => tag), takenTags, others: [...back].slice(1) };
}
