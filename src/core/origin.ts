// Who asked for a change, and by which request. It travels beside a call, and is
// looked at only when something is announced.
import type { RequestRecord } from "../metadata/records.ts";

export type { RequestRecord };

/** Members may be getters: what they tell is found out when they are read. */
export interface Origin {
  /** Absent: nobody asked; the registry does it by itself. */
  readonly request?: RequestRecord | undefined;
  /** The verified name of who asked. Absent: nobody was asked for a name. */
  readonly actor?: string | undefined;
}

/** What the registry does by itself. */
export const NOBODY: Origin = {};
