// Who watches connections: told of those that are not let in, and how many there are.

/** Too many in all, or too many of one address. */
export type RefusalReason = "limit" | "address";

/** Neither may throw. */
export interface ConnectionObserver {
  readonly refused: (reason: RefusalReason) => void;
  /** Told once how to ask for the number of open connections. */
  readonly opened: (count: () => number) => void;
}
