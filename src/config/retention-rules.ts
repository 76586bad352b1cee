// What the keys of the retention section cannot tell alone.
import type { CONFIGURATION } from "./keys.ts";
import type { TableReading, ValueProblem } from "./read-table.ts";

/** Without counts of pulls every tag would look as if nobody had pulled it, and be removed. */
export function checkRetention({
  values,
  problems,
}: TableReading<(typeof CONFIGURATION)["entries"]>): readonly ValueProblem[] {
  const isReadable = !problems.some(({ path }) => path[0] === "retention" || path[0] === "events");
  if (!isReadable || values["events.pulls.enabled"]) return [];
  return (values["retention.rules"] ?? []).flatMap(({ keep }, index) => {
    if (keep.pulledWithinMs === undefined) return [];
    const message =
      "nobody would know when a tag was pulled: events.pulls.enabled is false; set it to true, or remove pulledwithin";
    return [{ path: ["retention", "rules", index, "keep", "pulledwithin"], message }];
  });
}
