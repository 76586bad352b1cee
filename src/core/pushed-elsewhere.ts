// What was pushed to another registry and is taken over: it keeps the times it had
// there, for retention goes by them, and is not judged more strictly than it was.
import type { Tag } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { withoutQuotas } from "./usage.ts";

/** A push to another registry. Times in milliseconds since 1970. */
export interface PushedElsewhere {
  readonly time: number;
  /** When each of the tags was set. */
  readonly tagTimes: ReadonlyMap<Tag, number>;
}

/** What was accepted elsewhere is not refused for a member that it lacked there too, nor for a quota. */
export function rulesFor(context: CoreContext, elsewhere: PushedElsewhere | undefined): CoreContext {
  if (elsewhere === undefined) return context;
  const free = withoutQuotas(context);
  return { ...free, options: { ...free.options, sparseIndexes: true } };
}
