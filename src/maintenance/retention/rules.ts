// The rules as they are applied: globs read once, and the first that fits decides.
import type { RetentionConfig, RetentionRule } from "../../config/retention.ts";
import { type Glob, parseGlob } from "../../oci/glob.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

/** A rule, its globs read. */
export interface CompiledRule {
  readonly name: string;
  readonly keep: RetentionRule["keep"];
  readonly repositories: readonly Glob[];
  readonly tags: readonly Glob[];
  /** The tags that are kept whatever their age. */
  readonly kept: readonly Glob[];
}

/** The name of the rule by which manifests without a tag go. */
export const UNTAGGED_RULE = "untagged";

export class RetentionRules {
  readonly untaggedMs: number | undefined;
  readonly #rules: readonly CompiledRule[];

  /** Throws FILTER_INVALID for what is not a glob. */
  constructor({ rules, untaggedMs }: RetentionConfig) {
    this.untaggedMs = untaggedMs;
    this.#rules = rules.map(({ name, keep, repositories, tags }) => ({
      name,
      keep,
      repositories: repositories.map(parseGlob),
      tags: tags.map(parseGlob),
      kept: (keep.tags ?? []).map(parseGlob),
    }));
  }

  /** The rules that may decide about tags of the repository, in their order. */
  of(repository: RepositoryName): readonly CompiledRule[] {
    return this.#rules.filter(({ repositories }) => fits(repositories, repository));
  }
}

/** The rule that decides about the tag, of those of its repository. */
export function ruleFor(rules: readonly CompiledRule[], tag: Tag): CompiledRule | undefined {
  return rules.find(({ tags }) => fits(tags, tag));
}

export function fits(globs: readonly Glob[], text: string): boolean {
  return globs.some((glob) => glob.matches(text));
}
