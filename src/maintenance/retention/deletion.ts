// Carrying out what was decided, one thing at a time, each only if it is still as it
// was when it was decided: a tag that moved, a manifest that was pushed, tagged, put
// into an index or pulled since is left alone.

import { digestOfAttachedTag } from "../../core/attached-tags.ts";
import type { CoreContext } from "../../core/context.ts";
import type { Core } from "../../core/core.ts";
import { deleteManifest } from "../../core/deletion.ts";
import { liveManifestsNaming } from "../../core/in-use.ts";
import { NOBODY } from "../../core/origin.ts";
import { namedKey, pullsKey } from "../../metadata/keeping-keys.ts";
import { manifestKey, tagKey, tagsOfManifest } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import { type Transaction, transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { GoingManifest } from "./plan.ts";
import type { JudgedTag } from "./tag-verdicts.ts";

/** What became of a decision to delete: it is gone now, by us or somebody else, or it is not as it was and stays. */
export type Outcome = "deleted" | "left";

/** What became of a manifest, and of each of its tags. */
export interface ManifestOutcome {
  readonly outcome: Outcome;
  readonly tags: readonly Outcome[];
}

/** Carries out the decisions of one repository. */
export interface Executor {
  /** The tags are those that pointed to it, and go. */
  manifest(going: GoingManifest, tags: readonly JudgedTag[]): Promise<ManifestOutcome>;
  /** The manifest stays. */
  tag(judged: JudgedTag): Promise<Outcome>;
}

/** Does nothing, as if it went well. */
export const SIMULATION: Executor = {
  manifest: async (_going, tags) => ({ outcome: "deleted", tags: tags.map(() => "deleted") }),
  tag: async () => "deleted",
};

export interface DeletionOptions {
  readonly context: CoreContext;
  readonly core: Pick<Core, "tags">;
  readonly repository: RepositoryName;
  /** The moment that the decisions are of, in milliseconds since 1970. */
  readonly decisionTime: number;
}

interface Removal {
  readonly outcome: Outcome;
  /** The tags that went in the same commit. */
  readonly removed: ReadonlySet<Tag>;
}

/** So many tags of a manifest are read at once. */
const TAG_BATCH = 1000;

export class Deletion implements Executor {
  readonly #options: DeletionOptions;

  constructor(options: DeletionOptions) {
    this.#options = options;
  }

  /** Where it stays after all, its tags go all the same, those that are as they were. */
  async manifest(going: GoingManifest, tags: readonly JudgedTag[]): Promise<ManifestOutcome> {
    const { outcome, removed } = await this.#deleteManifest(going, tags).catch(leftForIndex);
    const outcomes: Outcome[] = [];
    for (const judged of tags) outcomes.push(removed.has(judged.tag) ? "deleted" : await this.tag(judged));
    return { outcome, tags: outcomes };
  }

  #deleteManifest(going: GoingManifest, tags: readonly JudgedTag[]): Promise<Removal> {
    const { context, repository } = this.#options;
    const { digest, rule } = going;
    return transact(context.metadata, async (transaction): Promise<Removal> => {
      const record = await transaction.get(manifestKey(repository, digest));
      if (record === undefined) return { outcome: "deleted", removed: new Set() };
      if (!(await this.#isAsDecided(transaction, going, tags, record)))
        return { outcome: "left", removed: new Set() };
      const reason = { kind: "retention", rule } as const;
      const deleted = await deleteManifest(context, transaction, {
        repository,
        digest,
        reason,
        origin: NOBODY,
      });
      return { outcome: "deleted", removed: new Set(deleted.tags) };
    });
  }

  async tag({ tag, digest, time, verdict }: JudgedTag): Promise<Outcome> {
    const { core, context, repository } = this.#options;
    if (await this.#isAttached(tag)) return "left";
    if (verdict?.byPulls && (await this.#wasPulled(context.metadata, digest))) return "left";
    const reason = { kind: "retention", rule: verdict?.rule ?? "" } as const;
    const precondition = { kind: "any-of", digests: [digest] } as const;
    try {
      await core.tags.delete({ repository, tag, precondition, updateTime: time, reason }, NOBODY);
      return "deleted";
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== "PRECONDITION_FAILED") throw error;
      // Without a digest there is no tag any more: it went with something else.
      return error.metadata.digest === undefined ? "deleted" : "left";
    }
  }

  /** What it was attached to was to go, and is still here. */
  async #isAttached(tag: Tag): Promise<boolean> {
    const base = digestOfAttachedTag(tag);
    return base !== undefined && (await this.#isLive(base));
  }

  async #isLive(digest: Digest, transaction?: Transaction): Promise<boolean> {
    const { context, repository } = this.#options;
    return (await (transaction ?? context.metadata).get(manifestKey(repository, digest))) !== undefined;
  }

  async #isAsDecided(
    transaction: Transaction,
    { digest, revision, byPulls }: GoingManifest,
    tags: readonly JudgedTag[],
    record: ManifestRecord,
  ): Promise<boolean> {
    if (record.revision !== revision) return false;
    if (record.subject !== undefined && (await this.#isLive(record.subject, transaction))) return false;
    if (byPulls && (await this.#wasPulled(transaction, digest))) return false;
    if (await this.#isMember(transaction, digest)) return false;
    return this.#hasOnly(transaction, digest, new Map(tags.map((judged) => [judged.tag, judged])));
  }

  /** Since it was decided. */
  async #wasPulled(cards: Pick<Transaction, "get">, digest: Digest): Promise<boolean> {
    const { repository, decisionTime } = this.#options;
    const pulls = await cards.get(pullsKey(repository, digest));
    return pulls !== undefined && pulls.lastTime > decisionTime;
  }

  async #isMember(transaction: Transaction, digest: Digest): Promise<boolean> {
    const { context, repository } = this.#options;
    // In the attempt: an index that is pushed meanwhile makes it start again.
    if ((await transaction.get(namedKey(repository, digest))) === undefined) return false;
    for await (const _index of liveManifestsNaming(context, transaction, { repository, digest })) return true;
    return false;
  }

  /** Whether no other tag points to it, and these are as they were. A new tag is a push, which the revision tells. */
  async #hasOnly(
    transaction: Transaction,
    digest: Digest,
    expected: ReadonlyMap<Tag, JudgedTag>,
  ): Promise<boolean> {
    const { context, repository } = this.#options;
    for (let after: string | undefined; ; ) {
      const entries = await context.metadata.page(tagsOfManifest(repository, digest), {
        limit: TAG_BATCH,
        namesOnly: true,
        ...(after !== undefined && { after }),
      });
      for (const { name } of entries) {
        const judged = expected.get(name as Tag); // a tag was written there
        if (judged === undefined) return false;
        const base = digestOfAttachedTag(judged.tag);
        if (base !== undefined && base !== digest && (await this.#isLive(base, transaction))) return false;
        const current = await transaction.get(tagKey(repository, judged.tag));
        if (current?.updateTime !== judged.time) return false;
      }
      if (entries.length < TAG_BATCH) return true;
      after = entries.at(-1)?.name;
    }
  }
}

/** An index that was pushed in the middle of an attempt needs it. */
function leftForIndex(error: unknown): Removal {
  if (error instanceof RegistryError && error.code === "MANIFEST_IN_USE")
    return { outcome: "left", removed: new Set() };
  throw error;
}
