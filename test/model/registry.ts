// A registry as the sequences know it: over stores of this process, or a process of its own.
import type { Attempt } from "./explanation.ts";
import type { Outcome } from "./model.ts";
import type { Work } from "./steps.ts";
import type { UsageRows } from "./usage.ts";
import type { World } from "./world.ts";

/** How works that are done at once go on. */
export interface Haste {
  /** Decides what only chance decides. */
  readonly seed: string;
  /** The process ends after about so many steps of theirs. Absent: it does not. */
  readonly calls?: number;
}

export interface Registry {
  readonly carryOut: (work: Work) => Promise<Outcome>;
  /** Begins all at once. When the process ends meanwhile, it is started again before this resolves. */
  readonly together: (works: readonly Work[], haste: Haste) => Promise<readonly Attempt[]>;
  readonly observe: () => Promise<World>;
  /** What it has counted. */
  readonly usage: () => Promise<UsageRows>;
  /** What recounting and fsck find; the digests are known to be stray files. */
  readonly problems: (strays: readonly string[]) => Promise<readonly string[]>;
  /** Removes stray files, as an operator would. */
  readonly repair: () => Promise<void>;
  /** The rows below the letters of the key tree, and the files. */
  readonly remains: (letters: string) => Promise<readonly string[]>;
}
