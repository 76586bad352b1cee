// The model's rule of what goes together: whatever belongs to a manifest, and to nothing that stays, goes with it.
import type { Pool } from "./pool.ts";
import type { Repository } from "./world.ts";

export interface Going {
  /** The manifests, with the one it began with. */
  readonly manifests: ReadonlySet<string>;
  /** The tags that are attached to one of them by their names. */
  readonly tags: ReadonlySet<string>;
}

const ATTACHED = /^sha256-([0-9a-f]{64})(\.[a-z0-9]+)?$/;

/** The manifest that a tag is attached to by its name. */
export function attachedTo(tag: string): string | undefined {
  const hex = ATTACHED.exec(tag)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

/** What goes when a manifest is deleted. */
export function goingWith(pool: Pool, repository: Repository, digest: string): Going {
  const manifests = new Set([digest]);
  for (;;) {
    const tags = tagsAttached(repository, manifests);
    const more = Object.keys(repository.live).find(
      (candidate) =>
        !manifests.has(candidate) &&
        belongs(pool, repository, candidate, { manifests, tags }) &&
        Object.entries(repository.tags).every(
          ([tag, state]) => state.digest !== candidate || tags.has(tag),
        ) &&
        !isNeededByOthers(pool, repository, candidate, manifests),
    );
    if (more === undefined) return { manifests, tags };
    manifests.add(more);
  }
}

export function tagsAttached({ tags }: Repository, manifests: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(Object.keys(tags).filter((tag) => manifests.has(attachedTo(tag) ?? "")));
}

/** Whether it is a member, a referrer, or attached by a tag's name. */
export function belongs(pool: Pool, { tags }: Repository, candidate: string, going: Going): boolean {
  const { subject } = pool.document(candidate);
  if (subject !== undefined && going.manifests.has(subject)) return true;
  if ([...going.manifests].some((index) => pool.document(index).members.includes(candidate as never)))
    return true;
  return [...going.tags].some((tag) => tags[tag]?.digest === candidate);
}

/** Whether an index, or a subject, that stays would miss it. */
export function isNeededByOthers(
  pool: Pool,
  { live }: Repository,
  candidate: string,
  going: ReadonlySet<string>,
): boolean {
  const { subject } = pool.document(candidate);
  if (subject !== undefined && subject in live && !going.has(subject)) return true;
  return Object.keys(live).some(
    (other) => !going.has(other) && pool.namedBy(other).includes(candidate as never),
  );
}
