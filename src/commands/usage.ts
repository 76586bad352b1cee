// stowage usage: what there is, in words, and how far quotas are used.
import type { QuotaUse, StoredUsage, Usage } from "../gen/stowage/v1/usage_pb.ts";
import { type GetUsageResponse, GetUsageResponseSchema } from "../gen/stowage/v1/usage_service_pb.ts";
import type { Cell } from "./cell.ts";
import { parseRepository } from "./image-name.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatCount, formatQuantity } from "./readable.ts";
import { blockLines } from "./table.ts";
import { askAboutRepository } from "./unknown-tag.ts";
import { createView, type View } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

/** The end of a path: what lies below it is meant. */
const BELOW = /\/(?:\*\*)?$/;

export async function showUsage(
  world: World,
  what: string | undefined,
  options: KeeperOptions,
): Promise<void> {
  const scope = scopeOf(what);
  const response = await askKeeper(world, options, (keeper) => {
    const ask = () => keeper.usage.getUsage({ scope });
    return scope.case === "repository" ? askAboutRepository(keeper, scope.value, ask) : ask();
  });
  if (options.json === true) return printWholeJson(world.out, GetUsageResponseSchema, response);
  const view = createView(world);
  await printLines(world.out, blockLines(view, entriesOf(view, response, scope.case)));
}

function scopeOf(what: string | undefined) {
  if (what === undefined || what === "**") return { case: undefined } as const;
  if (!BELOW.test(what)) return { case: "repository", value: parseRepository(what) } as const;
  return { case: "path", value: parseRepository(what.replace(BELOW, "")) } as const;
}

/** Undefined: of all there are. */
type Scope = ReturnType<typeof scopeOf>["case"];

type Entry = readonly [label: string, ...lines: Cell[]];

function entriesOf(view: View, { usage, stored, quotas }: GetUsageResponse, scope: Scope): readonly Entry[] {
  if (usage === undefined) throw new CommandFailure("the registry does not tell the usage");
  return [
    ...(scope === "repository" ? [] : [["repositories", formatCount(usage.repositories)] as const]),
    ...usageEntries(view, usage),
    ...(stored === undefined ? [] : [["stored", storedText(stored)] as const]),
    ...quotas.map((quota) => ["quota", ...quotaLines(quota)] as const),
  ];
}

function usageEntries(view: View, usage: Usage): readonly Entry[] {
  const trash =
    usage.trashedManifests === 0n ? "" : `, and ${formatCount(usage.trashedManifests)} in the trash`;
  const pulls = usage.pulls === 0n ? "" : `; ${formatQuantity(usage.pulls, "pull")} in all`;
  return [
    ["size", `${formatBytes(usage.bytes)} in ${formatQuantity(usage.blobs, "blob")} and the manifests`],
    ["images", `${formatBytes(usage.logicalBytes)} if each were pulled alone`],
    ["tags", formatCount(usage.tags)],
    ["manifests", `${formatCount(usage.manifests)}${trash}`],
    ["pushed", view.fullTime(usage.lastPushTime)],
    ["pulled", `${view.fullTime(usage.lastPullTime)}${pulls}`],
  ];
}

function storedText({ blobs, bytes }: StoredUsage): string {
  return `${formatBytes(bytes)} in ${formatQuantity(blobs, "blob")}, each digest once`;
}

/** What it is about, then each of its limits. */
function quotaLines(quota: QuotaUse): readonly Cell[] {
  const { name, repositories, together, bytes, maxBytes, tags, maxTags } = quota;
  const whom = `${together ? "together" : "each"} of ${repositories.join(", ")}`;
  return [
    `${name} (${whom})`,
    ...(maxBytes === undefined ? [] : [limitCell({ used: bytes, most: maxBytes }, formatBytes)]),
    ...(maxTags === undefined ? [] : [limitCell({ used: tags, most: maxTags }, formatCount, " tags")]),
  ];
}

interface Limit {
  /** Undefined: the caller may not know. */
  readonly used: bigint | undefined;
  readonly most: bigint;
}

/** From this share on there is little left, in percent. */
const NEARLY_FULL = 90n;

function limitCell({ used, most }: Limit, format: (amount: bigint) => string, unit = ""): Cell {
  if (used === undefined) return `at most ${format(most)}${unit}`;
  const percent = (used * 100n) / most;
  const text = `${format(used)} of ${format(most)}${unit} (${percent} %)`;
  if (percent < NEARLY_FULL) return text;
  return { text, style: used >= most ? "red" : "yellow" };
}
