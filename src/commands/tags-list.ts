// stowage tags list: the tags of a repository, and what each is.
import { type Tag, TagSchema } from "../gen/stowage/v1/manifest_pb.ts";
import { TagOrder } from "../gen/stowage/v1/manifest_service_pb.ts";
import type { Cell } from "./cell.ts";
import { parseRepository } from "./image-name.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { firstOf, type ListOptions, questionOf } from "./list-options.ts";
import { allPages } from "./pages.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatCount, formatQuantity } from "./readable.ts";
import { digestCell } from "./short-digest.ts";
import { tableLines } from "./table.ts";
import type { TAG_ORDERS } from "./tags-command.ts";
import { timeCell } from "./time-cell.ts";
import { askAboutRepository } from "./unknown-tag.ts";
import { createView } from "./view.ts";
import type { World } from "./world.ts";

export interface ListTagsOptions extends KeeperOptions, ListOptions {
  readonly sort: (typeof TAG_ORDERS)[number];
  readonly platform?: readonly string[];
  readonly mediaType?: readonly string[];
  readonly artifactType?: readonly string[];
}

const ORDERS: Readonly<Record<ListTagsOptions["sort"], TagOrder>> = {
  name: TagOrder.NAME,
  size: TagOrder.TOTAL_SIZE,
  pushed: TagOrder.UPDATE_TIME,
  pulled: TagOrder.LAST_PULL_TIME,
  pulls: TagOrder.PULL_COUNT,
};

export async function listTags(world: World, name: string, options: ListTagsOptions): Promise<void> {
  const repository = parseRepository(name);
  const { match = [], platform = [], mediaType = [], artifactType = [] } = options;
  const filter = {
    names: [...match],
    platforms: [...platform],
    mediaTypes: [...mediaType],
    artifactTypes: [...artifactType],
  };
  const isFiltered = Object.values(filter).some((entries) => entries.length > 0);
  const question = { ...questionOf(options), repository, order: ORDERS[options.sort], details: true, filter };
  await askKeeper(world, options, async (keeper) => {
    const tags = firstOf(
      allPages(
        (pageToken) => keeper.manifests.listTags({ ...question, pageToken }),
        (page) => page.tags,
      ),
      options.limit,
    );
    await askAboutRepository(keeper, repository, async () => {
      if (options.json === true) {
        for await (const tag of tags) await printWholeJson(world.out, TagSchema, tag);
        return;
      }
      const found = await Array.fromAsync(tags);
      const none = isFiltered ? `No tag of ${repository} is such a one.` : `${repository} has no tags.`;
      await printLines(world.out, found.length === 0 ? [none] : lines(world, found));
    });
  });
}

function lines(world: World, tags: readonly Tag[]): string[] {
  const view = createView(world);
  const columns = [
    { title: "TAG", cut: "middle" as const },
    { title: "SIZE", alignRight: true },
    { title: "PLATFORMS OR TYPE", cut: "end" as const, canGo: true },
    { title: "PUSHED" },
    { title: "BY", cut: "end" as const, canGo: true },
    { title: "PULLED" },
    { title: "PULLS", alignRight: true, canGo: true },
    { title: "DIGEST", canGo: true },
  ];
  const rows = tags.map((tag): Cell[] => [
    tag.name,
    tag.totalSize === undefined ? "-" : formatBytes(tag.totalSize),
    whatCell(tag),
    timeCell(view, tag.updateTime),
    tag.updateActor || "-",
    timeCell(view, tag.lastPullTime),
    formatCount(tag.pullCount ?? 0n),
    digestCell(tag.descriptor?.digest ?? ""),
  ]);
  return [...tableLines(view, columns, rows), `${formatQuantity(tags.length, "tag")}.`];
}

/** What most images are; it says nothing about them. */
const IMAGE_CONFIG = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/;

/** Where it runs or, of what runs nowhere, what it is. */
function whatCell({ platforms, artifactType }: Tag): string {
  if (platforms.length > 0) return platforms.join(" ");
  return artifactType === "" || IMAGE_CONFIG.test(artifactType) ? "-" : artifactType;
}
