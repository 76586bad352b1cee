// The model's rule of retention: which tags the operator's rules no longer keep, and which manifests go with them.
import type { RetentionConfig, RetentionRule } from "../../src/config/retention.ts";
import { attachedTo, belongs, isNeededByOthers, tagsAttached } from "./going.ts";
import type { Model } from "./model.ts";
import type { Repository, World } from "./world.ts";

/** What retention removes from a repository. */
interface Verdict {
  readonly tags: ReadonlySet<string>;
  readonly manifests: ReadonlySet<string>;
}

/** Carries out in the model what was seen to be done; returns what was to be done and was not, or was done wrongly. */
export function retain(
  model: Model,
  config: RetentionConfig,
  { seen, isComplete }: { readonly seen: World; readonly isComplete: boolean },
): readonly string[] {
  return Object.entries(model.world.repositories).flatMap(([name, repository]) => {
    const after = seen.repositories[name];
    const verdict = judge(model, name, repository, config);
    const left: string[] = [];
    for (const tag of verdict.tags) {
      if (after !== undefined && tag in after.tags) left.push(`tag ${name} ${tag}`);
      else model.removeTag(repository, tag);
    }
    for (const digest of verdict.manifests) {
      const record = after?.trash[digest];
      if (record === undefined || digest in (after?.live ?? {})) {
        left.push(`manifest ${name} ${digest}`);
        continue;
      }
      const owner = record.belongsTo;
      const fits = owner === undefined || after?.trash[owner]?.companions.includes(digest) === true;
      if (!fits || (owner !== undefined && !verdict.manifests.has(owner))) left.push(`owner of ${digest}`);
      // With which of its owners it went, and which tags it still had then, is a matter of order.
      repository.trash[digest] = { ...record, seen: repository.live[digest] ?? 0, deleted: model.time };
      delete repository.live[digest];
    }
    return isComplete ? left : left.filter((problem) => problem.startsWith("owner"));
  });
}

function judge(model: Model, name: string, repository: Repository, config: RetentionConfig): Verdict {
  const { pool, time } = model;
  const unkept = unkeptTags(name, repository, config, time);
  const manifests = new Set<string>();
  for (;;) {
    const attached = tagsAttached(repository, manifests);
    const tags = new Set([...unkept, ...attached]);
    const next = Object.keys(repository.live).find((digest) => {
      const own = Object.keys(repository.tags).filter((tag) => repository.tags[tag]?.digest === digest);
      if (manifests.has(digest) || !own.every((tag) => tags.has(tag))) return false;
      if (isNeededByOthers(pool, repository, digest, manifests)) return false;
      if (own.some((tag) => unkept.has(tag))) return true;
      if (belongs(pool, repository, digest, { manifests, tags: attached })) return true;
      return own.length === 0 && isTooOld(model, repository, digest, config);
    });
    if (next === undefined) return { tags, manifests };
    manifests.add(next);
  }
}

function isTooOld(
  { pool, time }: Model,
  { live, untagged, pulls }: Repository,
  digest: string,
  { untaggedMs }: RetentionConfig,
): boolean {
  // Who has the index already asks for a member only.
  const found = new Set([digest]);
  for (const one of found)
    if (one in live) for (const member of pool.document(one).members) found.add(member);
  const pulled = [...found].map((one) => pulls[one]?.time ?? 0);
  const since = Math.max(live[digest] ?? 0, untagged[digest] ?? 0, ...pulled);
  return untaggedMs !== undefined && time - since >= untaggedMs;
}

/** The tags that a rule decides about and does not keep. */
function unkeptTags(
  name: string,
  { tags }: Repository,
  { rules }: RetentionConfig,
  time: number,
): ReadonlySet<string> {
  const fitting = rules.filter((rule) => rule.repositories.some((glob) => fits(glob, name)));
  const ordinary = Object.entries(tags).filter(([tag]) => attachedTo(tag) === undefined);
  const byRule = Map.groupBy(ordinary, ([tag]) =>
    fitting.find((rule) => rule.tags.some((glob) => fits(glob, tag))),
  );
  const unkept = new Set<string>();
  for (const [rule, entries] of byRule) {
    if (rule === undefined) continue;
    const newestFirst = entries.toSorted(([a, one], [b, other]) => other.time - one.time || (a < b ? -1 : 1));
    for (const [place, [tag, state]] of newestFirst.entries())
      if (!isKept(rule, tag, { place, age: time - state.time })) unkept.add(tag);
  }
  return unkept;
}

function isKept(
  { keep }: RetentionRule,
  tag: string,
  { place, age }: { readonly place: number; readonly age: number },
): boolean {
  return (
    keep.always === true ||
    (keep.newest !== undefined && place < keep.newest) ||
    (keep.pushedWithinMs !== undefined && age <= keep.pushedWithinMs) ||
    (keep.tags ?? []).some((glob) => fits(glob, tag))
  );
}

/** Globs as the sequences use them: a name, the beginning of a name with "*", or "**" for any. */
function fits(glob: string, text: string): boolean {
  if (glob === "**") return true;
  return glob.endsWith("*") ? text.startsWith(glob.slice(0, -1)) && !text.includes("/") : text === glob;
}
