// stowage gc status: how the registry's house stands, in words.
import type { CollectionStatus, MaintenanceStatus } from "../gen/stowage/v1/maintenance_pb.ts";
import { MaintenanceStatusSchema } from "../gen/stowage/v1/maintenance_pb.ts";
import type { Cell } from "./cell.ts";
import { countsOf } from "./gc.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatCount, formatQuantity } from "./readable.ts";
import { blockLines } from "./table.ts";
import { createView, type View } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

/** The registry counts no further where it would take long. */
const COUNTED = 10_000n;

export async function showStatus(world: World, options: KeeperOptions): Promise<void> {
  const { status } = await askKeeper(world, options, ({ maintenance }) =>
    maintenance.getMaintenanceStatus({}),
  );
  if (status === undefined) throw new CommandFailure("the registry does not tell its state");
  if (options.json === true) return printWholeJson(world.out, MaintenanceStatusSchema, status);
  const view = createView(world);
  await printLines(world.out, blockLines(view, entriesOf(view, status)));
}

type Entry = readonly [label: string, ...lines: Cell[]];

function entriesOf(view: View, status: MaintenanceStatus): readonly Entry[] {
  return [
    ...(status.readOnly
      ? ([["read-only", { text: "yes: nothing can be pushed or deleted", style: "yellow" }]] as const)
      : []),
    ...(status.collection === undefined ? [] : collectionEntries(view, status.collection)),
    [
      "trash",
      `${formatUpTo(status.deletedManifests)} deleted manifest${status.deletedManifests === 1n ? "" : "s"}`,
    ],
    ["retention", retentionText(view, status)],
    ["uploads", uploadsText(view, status)],
    ["scrub", ...scrubLines(view, status)],
    ["cache", cacheText(status)],
    ["catalogue", `format ${status.format}`],
  ];
}

function collectionEntries(view: View, collection: CollectionStatus): readonly Entry[] {
  const { dueNow, dueLater, running, lastEndTime, totals } = collection;
  const last = lastEndTime === undefined ? "has not run yet" : `ran ${view.fullTime(lastEndTime)}`;
  return [
    ["collector", running ? "runs now" : last],
    ["due", `${formatUpTo(dueNow)} to look at now, ${formatUpTo(dueLater)} later`],
    ["removed", `${totals === undefined ? "nothing" : countsOf(totals)}, since the registry started`],
  ];
}

function formatUpTo(count: bigint): string {
  return `${formatCount(count)}${count >= COUNTED ? " or more" : ""}`;
}

function retentionText(view: View, { retention }: MaintenanceStatus): string {
  if (retention === undefined) return "was never applied to all repositories";
  const { endTime, deletedTags, deletedManifests } = retention;
  const gone = `${formatQuantity(deletedTags, "tag")} and ${formatQuantity(deletedManifests, "manifest")}`;
  return `applied ${view.fullTime(endTime)}: deleted ${gone}`;
}

function uploadsText(view: View, { uploadPurge }: MaintenanceStatus): string {
  if (uploadPurge === undefined) return "idle ones were not looked for since the registry started";
  const { purged = 0n, bytes = 0n } = uploadPurge.totals ?? {};
  const ended = `${formatQuantity(purged, "idle upload")} with ${formatBytes(bytes)}`;
  return `looked through ${view.fullTime(uploadPurge.endTime)}: ended ${ended}`;
}

function scrubLines(view: View, { scrub }: MaintenanceStatus): readonly Cell[] {
  if (scrub === undefined) return ["never begun"];
  const { running, startTime, endTime, progress } = scrub;
  const { blobs = 0n, bytes = 0n, damaged = 0n } = progress ?? {};
  const state = running
    ? `runs, begun ${view.fullTime(startTime)}`
    : endTime === undefined
      ? `broken off, begun ${view.fullTime(startTime)}; "stowage scrub" goes on`
      : `done ${view.fullTime(endTime)}`;
  const bad = damaged === 0n ? "none damaged" : `${formatCount(damaged)} damaged`;
  const read = `${formatQuantity(blobs, "blob")} with ${formatBytes(bytes)} read, ${bad}`;
  return [state, damaged === 0n ? read : { text: read, style: "red" }];
}

function cacheText({ blobDescriptorCache }: MaintenanceStatus): string {
  if (blobDescriptorCache === undefined) return "switched off";
  const { hits, misses, entries } = blobDescriptorCache;
  const asked = hits + misses;
  const share = asked === 0n ? "not asked yet" : `${Math.round(Number((hits * 1000n) / asked)) / 10} % hits`;
  return `${formatQuantity(entries, "blob descriptor")}, ${share}`;
}
