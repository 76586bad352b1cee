// What an upgrade needs.
import type { Rewriting, RewritingOptions } from "../rewriting.ts";

export interface UpgradeOptions extends RewritingOptions {
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How long what no manifest names is kept from now on, in milliseconds. */
  readonly graceMs: number;
  /** False: it is not done, so that what needs it cannot be used. Absent: it is. */
  readonly mayUpgrade?: boolean;
  /** Told of what is not as it should be. */
  readonly warn: (facts: object, message: string) => void;
}

export type UpgradeRun = Rewriting<UpgradeOptions>;
