// Finds an order of things done at once, some of them perhaps not at all, that explains what was seen afterwards.
import { excuse } from "./collecting.ts";
import { doJob } from "./jobs.ts";
import { MANY, type Model, type Outcome } from "./model.ts";
import type { Pool } from "./pool.ts";
import { isJob, type Work } from "./steps.ts";
import { canonical, isEmpty, repositoryOf, type World } from "./world.ts";

export interface Attempt {
  readonly work: Work;
  /** Absent: nobody was told. */
  readonly outcome?: Outcome;
}

/** The model as it is afterwards. Undefined: no order of the attempts leads to what was seen. */
export function explain(model: Model, attempts: readonly Attempt[], seen: World): Model | undefined {
  const wanted = canonical(seen);
  const start = model.clone();
  // A collection may have looked at anything before the others came.
  for (const { work } of attempts)
    if (work.kind === "collect")
      excuse(start, { graceMs: work.graceMs ?? model.options.graceMs, isComplete: false, isCrowded: true });
  for (const cameAnew of [false, true])
    for (const order of permutations(attempts))
      for (const end of ends(start.clone(), order, { seen, cameAnew, collecting: undefined })) {
        adoptStrays(end, attempts, seen);
        adoptEmpty(end, seen);
        if (canonical(end.world) === wanted) return end;
      }
  return undefined;
}

interface Situation {
  readonly seen: World;
  readonly cameAnew: boolean;
  /** The collection that is under way beside the others. */
  readonly collecting: Extract<Work, { kind: "collect" }> | undefined;
}

/** All models that the attempts may lead to in this order. */
function* ends(model: Model, order: readonly Attempt[], situation: Situation): Generator<Model> {
  const { seen, cameAnew, collecting } = situation;
  const sight = { seen, cameAnew, isComplete: false };
  if (collecting !== undefined) doJob(model, collecting, sight);
  const [attempt, ...others] = order;
  if (attempt === undefined) {
    model.settle();
    yield model;
    return;
  }
  const { work, outcome } = attempt;
  if (isJob(work)) {
    doJob(model, work, sight);
    yield* ends(model, others, work.kind === "collect" ? { ...situation, collecting: work } : situation);
    return;
  }
  if (outcome === undefined) {
    yield* ends(withUnknownBytes(model.clone(), work), others, situation);
    if (work.kind === "push-blob") yield* ends(withOpenSession(model.clone(), work), others, situation);
  }
  const told = model.request(work);
  if (outcome === undefined || outcome === told) yield* ends(model, others, situation);
}

/** A repository in which nothing is left goes in a commit of its own, if nobody comes before that. */
function adoptEmpty({ world }: Model, seen: World): void {
  for (const [name, repository] of Object.entries(world.repositories))
    if (isEmpty(repository)) repository.exists = seen.repositories[name]?.exists ?? false;
}

/** Bytes that were placed, and the process ended before their card was written. */
function adoptStrays({ world, memory, pool }: Model, attempts: readonly Attempt[], seen: World): void {
  for (const { work, outcome } of attempts) {
    if (outcome !== undefined) continue;
    const placed = "digest" in work ? [work.digest] : [];
    if (work.kind === "import")
      for (const digest of work.items.flatMap((item) => allBelow(pool, item.digest))) placed.push(digest);
    for (const digest of placed) {
      if (digest in world.files || !(digest in seen.files)) continue;
      world.files[digest] = true;
      memory.strays[digest] = true;
    }
  }
}

function allBelow(pool: Pool, digest: string): readonly string[] {
  return [digest, ...pool.namedBy(digest).flatMap((named) => allBelow(pool, named))];
}

/** The push came as far as its session. */
function withOpenSession(model: Model, { repository, id }: { repository: string; id: string }): Model {
  repositoryOf(model.world, repository).uploads[id] = model.time;
  return withUnknownBytes(model, { id });
}

/** Some bytes may have come: the session is of no more use. */
function withUnknownBytes(model: Model, work: Work | { readonly id: string }): Model {
  if ("id" in work) model.memory.written[work.id] = { parts: MANY, time: model.time };
  return model;
}

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length < 2) yield items;
  for (const [place, item] of items.length < 2 ? [] : items.entries())
    for (const others of permutations(items.toSpliced(place, 1))) yield [item, ...others];
}
