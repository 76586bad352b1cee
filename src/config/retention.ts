// Which tags and manifests the registry removes by itself, as the program uses it.
// Times in milliseconds.

export interface RetentionConfig {
  /** How often it is applied. Absent: only when someone says so. May be longer than one timer can wait. */
  readonly intervalMs?: number;
  /** How long manifests without a tag are kept. Absent: for ever. */
  readonly untaggedMs?: number;
  /** The first whose globs fit a tag decides; a tag that none fits is kept. */
  readonly rules: readonly RetentionRule[];
}

export interface RetentionRule {
  /** As given, or its place: "rule 1". No two are alike. */
  readonly name: string;
  /** Globs, at least one. */
  readonly repositories: readonly string[];
  /** Globs, at least one. */
  readonly tags: readonly string[];
  /** A tag is kept when any of them holds; at least one is there. */
  readonly keep: RetentionConditions;
}

export interface RetentionConditions {
  /** The N that were pushed last, of the tags of a repository that the rule decides about. At least 1. */
  readonly newest?: number;
  /** Pushed no longer ago. */
  readonly pushedWithinMs?: number;
  /** Pulled no longer ago; there are counts of pulls. */
  readonly pulledWithinMs?: number;
  /** Globs, at least one: tags that are kept whatever their age. */
  readonly tags?: readonly string[];
  /** All are kept. */
  readonly always?: true;
}
