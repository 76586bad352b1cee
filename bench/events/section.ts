// What the parts of `npm run bench:events` have in common.
import type { Generator } from "../generator.ts";

export interface SectionContext {
  readonly generator: Generator;
  /** The section's own; removed behind it. */
  readonly folder: string;
  readonly rounds: number;
  /** How long a round takes. */
  readonly seconds: number;
  /** True: only show that it works. */
  readonly smoke: boolean;
  /** Tells the person at the terminal what is being done. */
  readonly tell: (text: string) => void;
}

/** What a section found: for people, and as it was measured. */
export interface Findings {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  readonly measured: unknown;
}

export interface Section {
  /** How --sections names it. */
  readonly name: string;
  readonly title: string;
  readonly run: (context: SectionContext) => Promise<Findings>;
}
