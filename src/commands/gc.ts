// stowage gc: one collection, with what it removes.
import { create } from "@bufbuild/protobuf";
import type { CollectedItem, CollectionTotals } from "../gen/stowage/v1/maintenance_pb.ts";
import {
  RunCollectionRequestSchema,
  type RunCollectionResponse,
  RunCollectionResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import { cutMiddle } from "./cut.ts";
import { followJob } from "./job.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatQuantity, joinWords, printable } from "./readable.ts";
import { parseSpanOption } from "./span-option.ts";
import { createView, type View } from "./view.ts";
import type { World } from "./world.ts";

export interface CollectOptions extends KeeperOptions {
  readonly dryRun?: boolean;
  readonly grace?: string;
}

export async function collect(world: World, options: CollectOptions): Promise<void> {
  const { dryRun = false } = options;
  const grace = options.grace === undefined ? undefined : parseSpanOption(options.grace, "--grace");
  const request = create(RunCollectionRequestSchema, { dryRun, ...(grace !== undefined && { grace }) });
  const view = createView(world);
  const print = (message: RunCollectionResponse) =>
    options.json === true
      ? printWholeJson(world.out, RunCollectionResponseSchema, message)
      : printLines(world.out, linesOf(view, message, dryRun));
  const interrupted = "what was removed stays removed, and the same command does the rest";
  await askKeeper(world, { ...options, interrupted }, ({ maintenance }) =>
    followJob(world, maintenance.runCollection(request), {
      progress: ({ item }) => (item.case === "progress" ? progressText(item.value) : undefined),
      tell: print,
    }),
  );
}

function progressText(totals: CollectionTotals): string {
  return `${formatQuantity(totals.examined, "entry", "entries")} looked at: ${countsOf(totals)}`;
}

function linesOf(view: View, { item }: RunCollectionResponse, dryRun: boolean): readonly string[] {
  switch (item.case) {
    case "removed":
      return itemLines(view, item.value);
    case "finished":
      return [summaryText(item.value, dryRun)];
    default:
      return [];
  }
}

/** What it was, its size, its name. */
function itemLines(view: View, { kind }: CollectedItem): readonly string[] {
  switch (kind.case) {
    case "manifest":
    case "link": {
      const { repository, digest, size } = kind.value;
      return [itemLine(view, kind.case, size, `${repository}@${digest}`)];
    }
    case "blob":
      return [itemLine(view, "blob", kind.value.size, kind.value.digest)];
    case "tagChange":
      return [itemLine(view, "tag change", undefined, `${kind.value.repository}:${kind.value.tag}`)];
    case "repository":
      return [itemLine(view, "repository", undefined, kind.value.repository)];
    case undefined:
      return []; // of a newer registry
  }
}

function itemLine({ paint, width }: View, kind: string, size: bigint | undefined, name: string): string {
  const left = `${kind.padEnd(10)}  ${(size === undefined ? "" : formatBytes(size)).padStart(10)}  `;
  return `${paint("dim", left)}${cutMiddle(printable(name), width - left.length)}`;
}

function summaryText(totals: CollectionTotals, dryRun: boolean): string {
  const counts = countsOf(totals);
  if (counts === NOTHING)
    return `Nothing ${dryRun ? "would be" : "was"} removed; "stowage gc status" tells what waits.`;
  return `${dryRun ? "Would remove" : "Removed"} ${counts}.`;
}

const NOTHING = "nothing";

/** "3 manifests, 2 links and 5 blobs with 1.2 GiB". */
export function countsOf(totals: CollectionTotals): string {
  const { manifests, links, blobs, bytes, tagChanges, repositories } = totals;
  const parts = [
    manifests > 0n && formatQuantity(manifests, "manifest"),
    links > 0n && formatQuantity(links, "link"),
    tagChanges > 0n && formatQuantity(tagChanges, "change of tags", "changes of tags"),
    repositories > 0n && formatQuantity(repositories, "repository", "repositories"),
    blobs > 0n && `${formatQuantity(blobs, "blob")} with ${formatBytes(bytes)}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? NOTHING : joinWords(parts);
}
