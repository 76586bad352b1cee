// What the registry's jobs do to the model. A job is many commits, of which some may be missing when it was broken off:
// then as much is done as was seen to be done, and only what must not be counts.
import { collect } from "./collecting.ts";
import { retain } from "./keeping.ts";
import { MANY, type Model } from "./model.ts";
import type { Job, TreeItem } from "./steps.ts";
import { timeOf } from "./tree.ts";
import { repositoryOf, type World } from "./world.ts";

export interface Sight {
  /** What there is afterwards. */
  readonly seen: World;
  /** True: the job ran to its end, with nobody else about. */
  readonly isComplete: boolean;
  /** True: what a collection may have purged and is live again was pushed anew. */
  readonly cameAnew?: boolean;
}

/** Does the job in the model; returns what it should have done and has not. */
export function doJob(model: Model, job: Job, sight: Sight): readonly string[] {
  switch (job.kind) {
    case "collect": {
      const graceMs = Math.min(job.graceMs ?? Number.POSITIVE_INFINITY, model.options.graceMs);
      const isComplete = sight.isComplete && job.items === undefined;
      return collect(model, { ...sight, graceMs, isComplete });
    }
    case "retention":
      return retain(model, job.config, sight);
    case "purge-uploads":
      return purgeUploads(model, job.ageMs, sight);
    case "purge-trash":
      return purgeTrash(model, job.olderThanMs, sight);
    case "import":
      return importTree(model, job.items, sight);
  }
}

function purgeUploads(model: Model, ageMs: number, { seen, isComplete }: Sight): readonly string[] {
  const left: string[] = [];
  for (const [name, repository] of Object.entries(model.world.repositories))
    for (const [id, begun] of Object.entries(repository.uploads)) {
      const { time = 0, parts = 0 } = model.memory.written[id] ?? {};
      const idleSince = model.time - ageMs;
      const isOld = Math.max(begun, time) < idleSince;
      // Nobody knows whether the last bytes came that were on their way when the process ended.
      if (!isOld && (parts !== MANY || begun >= idleSince)) continue;
      if (!(id in (seen.repositories[name]?.uploads ?? {}))) {
        delete repository.uploads[id];
        model.dropEmpty(repository);
      } else if (isOld) left.push(`upload ${id}`);
    }
  return isComplete ? left : [];
}

function purgeTrash(model: Model, olderThanMs: number, { seen, isComplete }: Sight): readonly string[] {
  const left: string[] = [];
  for (const [name, repository] of Object.entries(model.world.repositories))
    for (const [digest, { deleted }] of Object.entries(repository.trash)) {
      if (deleted > model.time - olderThanMs) continue;
      if (digest in (seen.repositories[name]?.trash ?? {})) left.push(`trash ${name} ${digest}`);
      else model.purge(repository, digest);
    }
  return isComplete ? left : [];
}

/** What the tree has and the registry lacks comes, as it was there; a tag that was set here later stays. */
function importTree(
  model: Model,
  items: readonly TreeItem[],
  { seen, isComplete }: Sight,
): readonly string[] {
  const { pool, world } = model;
  const left: string[] = [];
  for (const [name, documents] of manifestsOf(model, items)) {
    const repository = repositoryOf(world, name);
    const after = seen.repositories[name];
    for (const digest of new Set([...documents.keys()].flatMap((one) => pool.document(one).blobs))) {
      if (digest in repository.links) continue;
      if (!isComplete && !(digest in (after?.links ?? {}))) continue;
      model.lease(repository, digest);
      world.cards[digest] = true;
      world.files[digest] = true;
    }
    for (const [digest, item] of documents) {
      const time = timeOf(item, model.time);
      const tags = item.tags.filter((tag) => {
        const known = repository.tags[tag];
        return known === undefined || (known.digest !== digest && known.time <= time);
      });
      if (digest in repository.live && tags.length === 0) continue;
      const isDone =
        after !== undefined &&
        digest in after.live &&
        tags.every((tag) => after.tags[tag]?.digest === digest);
      if (!isComplete && !isDone) continue;
      const before = repository.live[digest] ?? repository.trash[digest]?.seen ?? 0;
      model.enter(repository, digest, Math.max(time, before));
      for (const tag of tags) model.setTag(repository, tag, digest, time);
    }
  }
  return left;
}

/** By repository: all manifests that its part of the tree has, members before their indexes. */
function manifestsOf(
  { pool }: Model,
  items: readonly TreeItem[],
): ReadonlyMap<string, ReadonlyMap<string, TreeItem>> {
  const found = new Map<string, Map<string, TreeItem>>();
  const visit = (manifests: Map<string, TreeItem>, item: TreeItem): void => {
    for (const digest of pool.document(item.digest).members)
      if (!manifests.has(digest)) visit(manifests, { ...item, digest, tags: [] });
    const tags = [...(manifests.get(item.digest)?.tags ?? []), ...item.tags];
    manifests.set(item.digest, { ...item, tags });
  };
  for (const item of items) {
    const manifests = found.get(item.repository) ?? new Map<string, TreeItem>();
    visit(manifests, item);
    found.set(item.repository, manifests);
  }
  return found;
}
