// The model's rule of what a collection may remove, and what it must. In which order it looks at things is its own
// affair: what it has removed, it must have been allowed to; what nothing has kept for long enough must be gone.
import type { Model } from "./model.ts";
import { isEmpty, type Repository, type World } from "./world.ts";

/** Links of a repository with an open upload are kept, but only for so many grace times. */
const MOST_GRACES = 7;

/** Bytes that someone places at the moment are looked at again so much later, in milliseconds. */
const BUSY_MS = 60_000;

export interface Collecting {
  readonly graceMs: number;
  /** What there is afterwards. */
  readonly seen: World;
  /** True: it ran to its end, with nobody else about. */
  readonly isComplete: boolean;
  /** True: what is live again went for good first, and was pushed anew. */
  readonly cameAnew?: boolean;
}

/** Something that may go. */
interface Loose {
  readonly what: string;
  /** Whether it was still seen afterwards. */
  readonly isThere: boolean;
  /** Whether it must not be there any more. */
  readonly isDue: boolean;
  readonly remove: () => void;
}

/** Takes out of the model what has gone, as far as that was allowed; returns what should have gone and has not. */
export function collect(model: Model, collecting: Collecting): readonly string[] {
  const repositories = Object.entries(model.world.repositories);
  const full = new Set(repositories.flatMap(([name, one]) => (isEmpty(one) ? [] : [name])));
  for (let gone: Loose | undefined; ; gone.remove()) {
    const things = [...loose(model, collecting)];
    gone = things.find(({ isThere }) => !isThere);
    if (gone !== undefined) continue;
    const left = things.filter(({ isDue }) => isDue).map(({ what }) => what);
    left.push(...removeEmpty(model, collecting.seen, full));
    excuse(model, { ...collecting, isCrowded: false });
    return collecting.isComplete ? left : [];
  }
}

function* loose(model: Model, collecting: Collecting): Generator<Loose> {
  for (const [name, repository] of Object.entries(model.world.repositories)) {
    const seen = collecting.seen.repositories[name];
    yield* trashOf(model, name, seen, collecting.cameAnew ?? false);
    yield* linksOf(model, name, collecting);
    yield* historyOf(model, repository, name, seen);
  }
  yield* bytes(model, collecting);
}

function* trashOf(
  model: Model,
  name: string,
  seen: Repository | undefined,
  cameAnew: boolean,
): Generator<Loose> {
  const { time, options, world } = model;
  const repository = world.repositories[name];
  if (repository === undefined) return;
  for (const [digest, { deleted }] of Object.entries(repository.trash)) {
    if (deleted + options.trashAgeMs > time) continue;
    const isThere = seen !== undefined && (digest in seen.trash || (digest in seen.live && !cameAnew));
    const remove = () => model.purge(repository, digest);
    yield { what: `${name} trash ${digest}`, isThere, isDue: true, remove };
  }
}

function* linksOf(model: Model, name: string, { seen, graceMs }: Collecting): Generator<Loose> {
  const { time, options, world, memory } = model;
  const repository = world.repositories[name];
  if (repository === undefined) return;
  for (const [digest, since] of Object.entries(repository.links)) {
    if (
      model.isNamed(repository, digest) ||
      time - since < graceMs ||
      isPushing(repository, since, model, graceMs)
    )
      continue;
    const postponed = memory.postponed[`${name} ${digest} ${since}`] ?? 0;
    yield {
      what: `${name} link ${digest}`,
      isThere: digest in (seen.repositories[name]?.links ?? {}),
      isDue: postponed <= time + options.graceMs - graceMs,
      remove: () => delete repository.links[digest],
    };
  }
}

/** A push of many hours may have brought the layer first. */
function isPushing({ uploads }: Repository, since: number, { time }: Model, graceMs: number): boolean {
  return Object.keys(uploads).length > 0 && time - since < MOST_GRACES * graceMs;
}

function* historyOf(
  { time, options, memory }: Model,
  repository: Repository,
  name: string,
  seen: Repository | undefined,
): Generator<Loose> {
  for (const [tag, changes] of Object.entries(repository.history)) {
    const kept = (seen?.history[tag] ?? []).map((change) => JSON.stringify(change));
    for (const [place, change] of changes.entries()) {
      const isLast = place === changes.length - 1;
      if (change.time + options.tagHistoryMs > time || (isLast && tag in repository.tags)) continue;
      const later = changes.slice(place + 1).map((other) => JSON.stringify(other));
      const same = later.filter((other) => other === JSON.stringify(change)).length;
      const isThere = kept.filter((other) => other === JSON.stringify(change)).length > same;
      const remove = () => {
        repository.history[tag] = (repository.history[tag] ?? []).filter((other) => other !== change);
      };
      const isDue = (memory.postponed[`${name} ${tag} ${change.time}`] ?? 0) <= time;
      yield { what: `${name} change of ${tag} at ${change.time}`, isThere, isDue, remove };
    }
  }
}

function* bytes(model: Model, { seen, graceMs }: Collecting): Generator<Loose> {
  const { cards, files } = model.world;
  const { looseSince, strays, unsettled } = model.memory;
  for (const digest of Object.keys(files)) {
    if (model.isHeld(digest)) continue;
    const isCarded = digest in cards;
    const since = looseSince[digest] ?? model.time;
    yield {
      what: `bytes of ${digest}`,
      isThere: isCarded ? digest in seen.cards : digest in seen.files,
      isDue:
        since + (isCarded ? graceMs : model.options.graceMs) <= model.time &&
        unsettled <= model.time &&
        !(digest in strays),
      remove: () => {
        if (isCarded) delete cards[digest];
        else delete files[digest];
      },
    };
  }
}

/** Returns repositories in which nothing was left by this collection, and that are still there. */
function removeEmpty(model: Model, seen: World, full: ReadonlySet<string>): readonly string[] {
  const left: string[] = [];
  for (const [name, repository] of Object.entries(model.world.repositories)) {
    if (!repository.exists || !isEmpty(repository)) continue;
    if (seen.repositories[name]?.exists !== true) repository.exists = false;
    else if (full.has(name)) left.push(`repository ${name}`);
  }
  return left;
}

interface Excusing extends Pick<Collecting, "graceMs" | "isComplete"> {
  /** True: others were about, who may have had an upload open, or made a tag again, when something was looked at. */
  readonly isCrowded: boolean;
}

/** What was looked at, and kept, is looked at again only later. */
export function excuse(model: Model, { graceMs, isComplete, isCrowded }: Excusing): void {
  const { time, world, memory, options } = model;
  const wait = Math.max(graceMs / 4, BUSY_MS) + options.graceMs - graceMs;
  if (!isComplete) memory.unsettled = time + BUSY_MS + options.graceMs;
  const postpone = (what: string, until: number) => {
    memory.postponed[what] = Math.max(memory.postponed[what] ?? 0, until);
  };
  for (const [name, repository] of Object.entries(world.repositories)) {
    for (const [digest, since] of Object.entries(repository.links))
      if (time - since >= graceMs && (isCrowded || isPushing(repository, since, model, graceMs)))
        postpone(`${name} ${digest} ${since}`, time + wait);
    for (const [tag, changes] of Object.entries(repository.history)) {
      const last = changes.at(-1);
      if (last !== undefined && (isCrowded || tag in repository.tags))
        postpone(`${name} ${tag} ${last.time}`, time + options.tagHistoryMs);
    }
  }
}
