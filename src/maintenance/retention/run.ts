// One run over repositories: carries out or only tells what was planned, in the
// same order either way, and adds up what it comes to.
import { manifestCountKey, manifestsOf } from "../../metadata/keys.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { Pace } from "../pace.ts";
import type { Cards } from "./cards.ts";
import type { Executor, Outcome } from "./deletion.ts";
import { inOrder } from "./in-order.ts";
import type { ManifestDecision, RetentionItem, RetentionSummary, TagDecision } from "./items.ts";
import { Ledger } from "./ledger.ts";
import type { GoingManifest, RepositoryPlan } from "./plan.ts";
import { Sizes } from "./sizes.ts";
import type { JudgedTag } from "./tag-verdicts.ts";

/** How much is told. */
export interface RunOptions {
  readonly all?: boolean;
  readonly changesOnly?: boolean;
}

type Items = AsyncGenerator<RetentionItem, void, undefined>;

/** So many things are deleted, or described, at once. */
const CONCURRENCY = 8;

/** How many deletions lie between two words about progress. */
const PROGRESS_STEP = 1000;

/** A manifest with more tags loses the others first, so that no commit grows without bounds. */
const MAX_TAGS_TOGETHER = 1000;

const CHANGED = "changed meanwhile";

/** What is deleted at once: a manifest with its tags, or a tag of one that stays. */
interface Unit {
  readonly going?: GoingManifest;
  readonly tags: readonly JudgedTag[];
}

/** The tags of a unit with what became of them. */
interface DoneUnit extends Unit {
  readonly outcome: Outcome;
  readonly tagOutcomes: readonly Outcome[];
}

export class Run {
  readonly #options: RunOptions;
  readonly #pace: Pace;
  readonly #ledger = new Ledger();
  readonly #emptied: RepositoryName[] = [];
  #repositories = 0;
  #tagsKept = 0;
  #tagsDeleted = 0;
  #manifestsDeleted = 0;
  /** How many deletions had been told when progress was told last. */
  #told = 0;

  constructor(options: RunOptions, pace: Pace) {
    this.#options = options;
    this.#pace = pace;
  }

  summary(): RetentionSummary {
    return {
      kind: "summary",
      repositories: this.#repositories,
      tagsKept: this.#tagsKept,
      tagsDeleted: this.#tagsDeleted,
      manifestsDeleted: this.#manifestsDeleted,
      bytesFreed: this.#ledger.freed,
      bytesLogical: this.#ledger.logical,
      emptied: this.#emptied,
    };
  }

  /** Ends early when the signal aborts. */
  async *repository(plan: RepositoryPlan, cards: Cards, executor: Executor, signal?: AbortSignal): Items {
    const before = { kept: this.#tagsKept, manifests: this.#manifestsDeleted };
    const sizes = new Sizes(cards, plan.repository);
    yield this.#progress(plan);
    yield* this.#kept(plan, sizes, signal);
    for (const wave of wavesOf(plan)) {
      for await (const done of inOrder(wave, CONCURRENCY, (unit) => this.#carryOut(unit, executor, signal))) {
        if (done === undefined) return;
        yield* this.#tell(done, plan, cards, sizes);
        if (this.#tagsDeleted + this.#manifestsDeleted >= this.#told + PROGRESS_STEP)
          yield this.#progress(plan);
      }
    }
    if (this.#options.all) yield* this.#standing(plan, cards, signal);
    if (signal?.aborted) return;
    this.#repositories++;
    const isEmptied =
      plan.tags.length > 0
        ? this.#tagsKept === before.kept
        : plan.going.size > 0 &&
          this.#manifestsDeleted - before.manifests === (await cards.get(manifestCountKey(plan.repository)));
    if (isEmptied) this.#emptied.push(plan.repository);
  }

  #progress({ repository }: RepositoryPlan): RetentionItem {
    const repositories = this.#repositories;
    this.#told = this.#tagsDeleted + this.#manifestsDeleted;
    return {
      kind: "progress",
      repository,
      repositories,
      tags: this.#tagsDeleted,
      manifests: this.#manifestsDeleted,
    };
  }

  async *#kept(plan: RepositoryPlan, sizes: Sizes, signal?: AbortSignal): Items {
    const kept = plan.tags.filter(({ verdict }) => verdict?.action === "keep");
    this.#tagsKept += kept.length;
    if (this.#options.changesOnly) return;
    for await (const decision of inOrder(kept, CONCURRENCY, (judged) => tagDecision(plan, judged, sizes))) {
      if (signal?.aborted) return;
      yield decision;
    }
  }

  /** Undefined: the signal aborted before it was begun. */
  async #carryOut(unit: Unit, executor: Executor, signal?: AbortSignal): Promise<DoneUnit | undefined> {
    await this.#pace.after(1, signal);
    if (signal?.aborted) return undefined;
    const { going, tags } = unit;
    const together = going === undefined ? 0 : MAX_TAGS_TOGETHER;
    const others: Outcome[] = [];
    for (const judged of tags.slice(together)) others.push(await executor.tag(judged));
    if (going === undefined) return { ...unit, outcome: "left", tagOutcomes: others };
    const { outcome, tags: first } = await executor.manifest(going, tags.slice(0, together));
    return { ...unit, outcome, tagOutcomes: [...first, ...others] };
  }

  async *#tell(
    { going, tags, outcome, tagOutcomes }: DoneUnit,
    plan: RepositoryPlan,
    cards: Cards,
    sizes: Sizes,
  ): Items {
    for (const [at, judged] of tags.entries()) {
      const isDeleted = tagOutcomes[at] === "deleted";
      if (isDeleted) this.#tagsDeleted++;
      else this.#tagsKept++;
      const decision = await tagDecision(plan, judged, sizes);
      yield isDeleted ? decision : { ...decision, action: "keep", reason: CHANGED };
    }
    if (going === undefined) return;
    const { digest } = going;
    if (outcome === "left")
      yield manifestDecision(plan, digest, { ...going, action: "keep", reason: CHANGED });
    else {
      this.#manifestsDeleted++;
      await this.#ledger.enter(cards, plan.repository, digest);
      yield manifestDecision(plan, digest, { ...going, action: "delete" });
    }
  }

  /** The manifests that stay. */
  async *#standing(plan: RepositoryPlan, cards: Cards, signal?: AbortSignal): Items {
    for await (const entries of cards.pages(manifestsOf(plan.repository))) {
      for (const { name, record } of entries) {
        const digest = name as Digest; // a digest was written there
        if (signal?.aborted) return;
        if (record === undefined || plan.going.has(digest)) continue;
        const reason = await plan.whyKept(digest, record);
        yield manifestDecision(plan, digest, { action: "keep", rule: undefined, reason });
      }
    }
  }
}

/** What goes, in parts of which each may be done in any order once those before it are done. */
function wavesOf(plan: RepositoryPlan): readonly (readonly Unit[])[] {
  const waves: Unit[][] = [];
  for (const going of plan.going.values()) {
    waves[going.wave] ??= [];
    waves[going.wave]?.push({ going, tags: plan.tagsOf(going.digest) });
  }
  const alone = plan.tags.filter(
    ({ verdict, digest }) => verdict?.action === "delete" && !plan.going.has(digest),
  );
  return [...waves, alone.map((judged) => ({ tags: [judged] }))];
}

async function tagDecision(
  { repository }: RepositoryPlan,
  { tag, digest, verdict }: JudgedTag,
  sizes: Sizes,
): Promise<TagDecision> {
  const { action, rule, reason } = verdict ?? { action: "keep", rule: undefined, reason: CHANGED };
  return { kind: "tag", repository, tag, digest, size: await sizes.of(digest), action, rule, reason };
}

function manifestDecision(
  { repository }: RepositoryPlan,
  digest: Digest,
  { action, rule, reason }: Pick<ManifestDecision, "action" | "rule" | "reason">,
): ManifestDecision {
  return { kind: "manifest", repository, digest, action, rule, reason };
}
