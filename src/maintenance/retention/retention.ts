// Retention: tags and manifests that the operator's rules no longer keep go to the
// trash. A simulation tells the same decisions and does nothing. Each deletion is a
// commit of its own: a run can be stopped anywhere, and the next one goes on.
import type { RetentionConfig } from "../../config/retention.ts";
import type { CoreContext } from "../../core/context.ts";
import type { Core } from "../../core/core.ts";
import { repositoryEntryOf } from "../../metadata/entry-names.ts";
import { retentionRunKey } from "../../metadata/keeping-keys.ts";
import { repositories } from "../../metadata/keys.ts";
import { put } from "../../metadata/metadata-store.ts";
import { type Glob, parseGlob } from "../../oci/glob.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { Pace } from "../pace.ts";
import { names } from "../walk.ts";
import { Cards } from "./cards.ts";
import { Deletion, SIMULATION } from "./deletion.ts";
import type { RetentionItem } from "./items.ts";
import { RepositoryPlan } from "./plan.ts";
import { fits, RetentionRules } from "./rules.ts";
import { Run } from "./run.ts";

export interface RetentionOptions {
  readonly context: CoreContext;
  readonly core: Pick<Core, "tags">;
  /** What is configured. Absent: nothing. */
  readonly config?: RetentionConfig | undefined;
  /** At most so many deletions a second; 0: no limit. Absent: 200. */
  readonly rate?: number;
}

export interface RetentionRequest {
  /** Globs. Absent: all repositories. */
  readonly repositories?: readonly string[] | undefined;
  /** Rules to try out. Absent: what is configured. */
  readonly rules?: RetentionConfig | undefined;
  /** True: also the manifests that stay, and repositories about which no rule says anything. */
  readonly all?: boolean;
  /** True: nothing of what stays is told, only counted. */
  readonly changesOnly?: boolean;
}

type Items = AsyncGenerator<RetentionItem, void, undefined>;

const NO_RULES: RetentionConfig = { rules: [] };
const DEFAULT_RATE = 200;

/** A run that deletes looks at the catalogue anew when what it sees is older, in milliseconds. */
const MAX_SNAPSHOT_AGE_MS = 60_000;

/** The catalogue as it was at one moment. */
interface Moment {
  readonly cards: Cards;
  readonly time: number;
  readonly close: () => Promise<void>;
}

export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** What apply would do now. Ends without a summary when the signal aborts. Throws FILTER_INVALID. */
  simulate(request: RetentionRequest = {}, signal?: AbortSignal): Items {
    return untilAborted(this.#simulate(request, signal), signal);
  }

  /**
   * Deletes what the rules do not keep, and tells each decision when it was carried out. A run of all that is
   * configured is remembered once it comes to its end. Ends without a summary when the signal aborts. Throws
   * FILTER_INVALID.
   */
  apply(request: RetentionRequest = {}, signal?: AbortSignal): Items {
    return untilAborted(this.#apply(request, signal), signal);
  }

  async *#simulate(request: RetentionRequest, signal?: AbortSignal): Items {
    const run = new Run(request, new Pace(0));
    const rules = this.#rules(request);
    const moment = await this.#look(signal);
    try {
      for await (const repository of this.#names(request)) {
        const plan = await this.#plan(repository, rules, moment, request);
        if (plan !== undefined) yield* run.repository(plan, moment.cards, SIMULATION, signal);
        if (signal?.aborted) return;
      }
      yield run.summary();
    } finally {
      await moment.close();
    }
  }

  async *#apply(request: RetentionRequest, signal?: AbortSignal): Items {
    const { context, core, rate = DEFAULT_RATE } = this.#options;
    const startTime = context.now();
    const run = new Run(request, new Pace(rate));
    const rules = this.#rules(request);
    let moment = await this.#look(signal);
    try {
      for await (const repository of this.#names(request)) {
        if (context.now() - moment.time > MAX_SNAPSHOT_AGE_MS) {
          await moment.close();
          moment = await this.#look(signal);
        }
        const plan = await this.#plan(repository, rules, moment, request);
        const deletion = new Deletion({ context, core, repository, decisionTime: moment.time });
        if (plan !== undefined) yield* run.repository(plan, moment.cards, deletion, signal);
        if (signal?.aborted) return;
      }
      const summary = run.summary();
      if (request.repositories === undefined && request.rules === undefined)
        await this.#remember(startTime, summary.tagsDeleted, summary.manifestsDeleted);
      yield summary;
    } finally {
      await moment.close();
    }
  }

  #rules({ rules }: RetentionRequest): RetentionRules {
    return new RetentionRules(rules ?? this.#options.config ?? NO_RULES);
  }

  /** Undefined: no rule says anything about the repository. */
  async #plan(
    repository: RepositoryName,
    rules: RetentionRules,
    { cards, time }: Moment,
    { all }: RetentionRequest,
  ): Promise<RepositoryPlan | undefined> {
    if (!all && rules.untaggedMs === undefined && rules.of(repository).length === 0) return undefined;
    return RepositoryPlan.make({ cards, repository, rules, now: time });
  }

  async #look(signal: AbortSignal | undefined): Promise<Moment> {
    const { metadata, blobs, now } = this.#options.context;
    const time = now(); // before: what is in the snapshot may be newer, never older
    const snapshot = await metadata.snapshot();
    return { cards: new Cards(snapshot, blobs, signal), time, close: () => snapshot.close() };
  }

  async *#names(request: RetentionRequest): AsyncGenerator<RepositoryName, void, undefined> {
    const globs: readonly Glob[] | undefined = request.repositories?.map(parseGlob);
    for await (const name of names(this.#options.context.metadata, repositories)) {
      const { repository } = repositoryEntryOf(name);
      if (globs === undefined || fits(globs, repository)) yield repository;
    }
  }

  async #remember(startTime: number, tags: number, manifests: number): Promise<void> {
    const { metadata, now } = this.#options.context;
    const record = { startTime, endTime: now(), tags, manifests };
    await metadata.commit({ changes: [put(retentionRunKey, record)] });
  }
}

/** What was under way when the signal aborted is no failure. */
async function* untilAborted(items: Items, signal: AbortSignal | undefined): Items {
  try {
    yield* items;
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
