// What repositories may hold at most, as the program uses it.

export interface QuotaConfig {
  /** As given, or its place: "quota 1". No two are alike. */
  readonly name: string;
  /** Globs, at least one; of a quota that is shared exactly one, and that has a path. */
  readonly repositories: readonly string[];
  /** Whether each repository that fits has the limits, or all of them have them together. */
  readonly scope: "each" | "together";
  /** The most bytes. Absent: any number. One of the limits is there. */
  readonly bytes?: number;
  /** The most tags. Absent: any number. */
  readonly tags?: number;
}

/** One to three plain components and "/**": what lies below such a path is counted together. */
const BELOW = /^([^/*?\\]+(?:\/[^/*?\\]+){0,2})\/\*\*$/;

/** The path below which the glob chooses everything; "" for all there is. Undefined: it chooses otherwise. */
export function pathOfGlob(glob: string): string | undefined {
  return glob === "**" ? "" : BELOW.exec(glob)?.[1];
}
