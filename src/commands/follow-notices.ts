// What somebody who follows events is told beside them: that it began, and that
// it goes on after the connection broke.
import type { Followed } from "./follow-events.ts";
import { printable } from "./readable.ts";
import type { World } from "./world.ts";

/** Tells what a message means for the connection, if anything. */
export type FollowNotices = (message: Followed) => Promise<void>;

/** `isSnapshot`: it begins with what exists. */
export function createFollowNotices(
  { err }: Pick<World, "err">,
  { server, isSnapshot }: { readonly server: string; readonly isSnapshot: boolean },
): FollowNotices {
  let [hasBegun, isInSnapshot] = [false, isSnapshot];
  return async (message) => {
    if (message.case === "snapshotEnd") isInSnapshot = false;
    if (message.case !== "ready") return;
    const cursor = `#${printable(message.value.cursor)}`;
    const again = isInSnapshot
      ? "connected again, beginning the snapshot anew"
      : `connected again, nothing missed, going on after ${cursor}`;
    if (hasBegun) await err.write(`stowage: ${server}: ${again}\n`);
    // A log that standard error goes to has no use for it.
    else if (err.isTerminal) await err.write(`stowage: following ${server} from ${cursor}\n`);
    hasBegun = true;
  };
}
