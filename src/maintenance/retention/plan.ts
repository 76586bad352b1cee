// What is to become of one repository. Tags are judged by the rules; from them
// follows what happens to manifests: one goes with its last tag, or for its age when
// it has none, and with it goes what belongs to it and to nothing that stays. Memory
// grows with the tags of the repository and with what goes.
import { digestOfAttachedTag } from "../../core/attached-tags.ts";
import { untaggedKey } from "../../metadata/keeping-keys.ts";
import { manifestsOf, tagsOf } from "../../metadata/keys.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { Cards } from "./cards.ts";
import { Pulls } from "./pulls.ts";
import { type RetentionRules, UNTAGGED_RULE } from "./rules.ts";
import { type JudgedTag, judgeTags } from "./tag-verdicts.ts";
import { ageWords } from "./words.ts";

/** A manifest that is to go. */
export interface GoingManifest {
  readonly digest: Digest;
  /** The card's revision when this was decided. */
  readonly revision: number;
  readonly rule: string;
  readonly reason: string;
  /** From 0. All that it belongs to, and that goes too, has a lower one. */
  readonly wave: number;
  /** True: it would stay, had it been pulled. */
  readonly byPulls: boolean;
}

type Cause = Pick<GoingManifest, "rule" | "reason">;

export interface PlanOptions {
  readonly cards: Cards;
  readonly repository: RepositoryName;
  readonly rules: RetentionRules;
  /** The moment the cards are of, in milliseconds since 1970. */
  readonly now: number;
}

export class RepositoryPlan {
  readonly repository: RepositoryName;
  /** In order of their names, all decided. */
  readonly tags: JudgedTag[] = [];
  /** What follows comes behind what it follows. */
  readonly going = new Map<Digest, GoingManifest>();
  readonly #options: PlanOptions;
  readonly #pulls: Pulls;
  readonly #byDigest = new Map<Digest, JudgedTag[]>();
  /** The tags that are attached to a manifest, by it. */
  readonly #attached = new Map<Digest, JudgedTag[]>();
  readonly #queue: GoingManifest[] = [];

  private constructor(options: PlanOptions) {
    this.repository = options.repository;
    this.#options = options;
    this.#pulls = new Pulls(options.cards, options.repository);
  }

  static async make(options: PlanOptions): Promise<RepositoryPlan> {
    const plan = new RepositoryPlan(options);
    await plan.#readTags();
    await plan.#judge();
    for (const digest of plan.#byDigest.keys()) await plan.#considerTagged(digest);
    if (options.rules.untaggedMs !== undefined) await plan.#considerUntagged(options.rules.untaggedMs);
    for (let at = 0; at < plan.#queue.length; at++) await plan.#follow(plan.#queue[at]);
    plan.#keepAttached();
    return plan;
  }

  tagsOf(digest: Digest): readonly JudgedTag[] {
    return this.#byDigest.get(digest) ?? [];
  }

  /** Why a live manifest stays. */
  async whyKept(digest: Digest, record: ManifestRecord): Promise<string> {
    const tag = this.tagsOf(digest).find(({ verdict }) => verdict?.action === "keep");
    if (tag !== undefined) return `tagged ${tag.tag}`;
    const { staying } = await this.#owners(digest, record);
    if (staying !== undefined) return staying;
    return `untagged for ${ageWords(this.#options.now - (await this.#untaggedSince(digest, record)))}`;
  }

  async #readTags(): Promise<void> {
    const { cards, repository } = this.#options;
    for await (const entries of cards.pages(tagsOf(repository))) {
      for (const { name, record } of entries) {
        if (record === undefined) continue;
        const { digest, updateTime: time } = record;
        const judged: JudgedTag = { tag: name as Tag, digest, time, verdict: undefined }; // a tag was written there
        this.tags.push(judged);
        append(this.#byDigest, digest, judged);
      }
    }
  }

  async #judge(): Promise<void> {
    const { cards, repository, rules, now } = this.#options;
    const ordinary: JudgedTag[] = [];
    for (const judged of this.tags) {
      const base = digestOfAttachedTag(judged.tag);
      if (base === undefined) ordinary.push(judged);
      else if ((await cards.manifest(repository, base)) !== undefined) append(this.#attached, base, judged);
      else judged.verdict = keep(`attached to ${base}, which is not here`);
    }
    await judgeTags(ordinary, rules.of(repository), { now, pulls: this.#pulls });
  }

  /** A manifest goes with its last tag. */
  async #considerTagged(digest: Digest): Promise<void> {
    const judged = this.tagsOf(digest).find(({ verdict }) => verdict?.action === "delete");
    const rule = judged?.verdict?.rule;
    if (rule !== undefined) await this.#consider(digest, { rule, reason: "its last tag goes" });
  }

  async #considerUntagged(untaggedMs: number): Promise<void> {
    const { cards, repository, now } = this.#options;
    for await (const entries of cards.pages(manifestsOf(repository))) {
      for (const { name, record } of entries) {
        const digest = name as Digest; // a digest was written there
        if (record === undefined || this.#byDigest.has(digest)) continue;
        const age = now - (await this.#untaggedSince(digest, record));
        if (age < untaggedMs || (await this.#hasOwner(digest, record))) continue;
        const reason = `untagged for ${ageWords(age)}`;
        await this.#consider(digest, { rule: UNTAGGED_RULE, reason });
      }
    }
  }

  /** Since when nobody has called it by a tag, pushed it, or, as far as is known, pulled it. */
  async #untaggedSince(digest: Digest, { createTime, pushTime = 0 }: ManifestRecord): Promise<number> {
    const { cards, repository } = this.#options;
    const untagged = await cards.get(untaggedKey(repository, digest));
    return Math.max(createTime, pushTime, untagged?.time ?? 0, (await this.#pulls.lastTime(digest)) ?? 0);
  }

  async #hasOwner(digest: Digest, { subject }: ManifestRecord): Promise<boolean> {
    const { cards, repository } = this.#options;
    if (subject !== undefined && (await cards.manifest(repository, subject)) !== undefined) return true;
    for await (const _parent of cards.parents(repository, digest)) return true;
    return false;
  }

  /** It goes unless something that stays needs it. */
  async #consider(digest: Digest, cause: Cause): Promise<void> {
    const tags = this.tagsOf(digest);
    if (this.going.has(digest) || !tags.every((judged) => isLeaving(judged))) return;
    const card = await this.#options.cards.manifest(this.repository, digest);
    if (card === undefined) return;
    const owners = await this.#owners(digest, card);
    if (owners.staying !== undefined) return;
    const byPulls = cause.rule === UNTAGGED_RULE || tags.some(({ verdict }) => verdict?.byPulls);
    const bases = tags.map(({ tag }) => this.#waveOf(digestOfAttachedTag(tag)));
    const wave = bases.reduce((last, base) => Math.max(last, base), owners.wave) + 1;
    const going = { digest, revision: card.revision, byPulls, ...cause, wave };
    this.going.set(digest, going);
    this.#queue.push(going);
  }

  /** The index or subject that it stays with, in words; and the last wave of those that go. */
  async #owners(
    digest: Digest,
    { subject }: ManifestRecord,
  ): Promise<{ readonly staying: string | undefined; readonly wave: number }> {
    const { cards, repository } = this.#options;
    let wave = this.#waveOf(subject);
    for await (const parent of cards.parents(repository, digest)) {
      if (!this.going.has(parent)) return { staying: `member of index ${parent}`, wave };
      wave = Math.max(wave, this.#waveOf(parent));
    }
    const isReferrer =
      subject !== undefined &&
      !this.going.has(subject) &&
      (await cards.manifest(repository, subject)) !== undefined;
    return { staying: isReferrer ? `referrer of ${subject}` : undefined, wave };
  }

  #waveOf(digest: Digest | undefined): number {
    return (digest === undefined ? undefined : this.going.get(digest)?.wave) ?? -1;
  }

  /** Looks at what belongs to a manifest that goes. */
  async #follow(going: GoingManifest | undefined): Promise<void> {
    if (going === undefined) return;
    const { digest, rule } = going;
    const { cards, repository } = this.#options;
    const card = await cards.manifest(repository, digest);
    const members = card === undefined ? [] : (await cards.named(digest, card)).members;
    for (const member of members)
      await this.#considerBelonging(member, { rule, reason: `member of index ${digest}` });
    for await (const referrer of cards.referrers(repository, digest))
      await this.#considerBelonging(referrer, { rule, reason: `referrer of ${digest}` });
    const reason = `attached to ${digest}`;
    for (const judged of this.#attached.get(digest) ?? []) {
      judged.verdict = { action: "delete", rule, reason };
      await this.#considerBelonging(judged.digest, { rule, reason });
    }
  }

  /** What has tags that all go by a rule is said to go for that. */
  async #considerBelonging(digest: Digest, cause: Cause): Promise<void> {
    const own = this.tagsOf(digest).find((judged) => digestOfAttachedTag(judged.tag) === undefined);
    const rule = own?.verdict?.rule;
    await this.#consider(
      digest,
      rule === undefined ? cause : { ...cause, rule, reason: "its last tag goes" },
    );
  }

  #keepAttached(): void {
    for (const [base, tags] of this.#attached)
      for (const judged of tags) judged.verdict ??= keep(`attached to ${base}`);
  }
}

/** A tag that is attached to the very manifest it points to does not keep it. */
function isLeaving({ tag, digest, verdict }: JudgedTag): boolean {
  return verdict === undefined ? digestOfAttachedTag(tag) === digest : verdict.action === "delete";
}

function keep(reason: string) {
  return { action: "keep", rule: undefined, reason } as const;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
