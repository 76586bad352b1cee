// stowage tags history: what a tag pointed to.
import { type TagChange, TagChangeSchema } from "../gen/stowage/v1/manifest_pb.ts";
import type { Cell } from "./cell.ts";
import { parseTagName, type TagName } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { allPages, PAGE_SIZE } from "./pages.ts";
import { printLines, printWholeJson } from "./print.ts";
import { reasonWords } from "./reason-words.ts";
import { digestCell } from "./short-digest.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { askAboutTag, isTag, nearestTo } from "./unknown-tag.ts";
import { createView, type View } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

export async function showHistory(world: World, text: string, options: KeeperOptions): Promise<void> {
  const name = parseTagName(text);
  await askKeeper(world, options, async (keeper) => {
    const changes = await askAboutTag(keeper, name, () => changesOf(keeper, name));
    if (options.json === true) {
      for (const change of changes) await printWholeJson(world.out, TagChangeSchema, change);
      return;
    }
    if (changes.length === 0 && (await isTag(keeper, name)))
      return printLines(world.out, [`${text} is there; nothing is recorded of how it came to be.`]);
    if (changes.length === 0) throw nothingKnown(text, await nearestTo(keeper, name));
    await printLines(world.out, lines(createView(world), changes));
  });
}

/** Newest first. */
export function changesOf({ manifests }: Keeper, name: TagName): Promise<TagChange[]> {
  return Array.fromAsync(
    allPages(
      (pageToken) => manifests.listTagHistory({ ...name, pageSize: PAGE_SIZE, pageToken }),
      (page) => page.changes,
    ),
  );
}

function nothingKnown(text: string, advice: string | undefined): CommandFailure {
  const message = `nothing is known of ${text}: it never was there, or that is too long ago`;
  return new CommandFailure(advice === undefined ? message : `${message}; ${advice}`);
}

function lines(view: View, changes: readonly TagChange[]): string[] {
  const columns = [
    { title: "CHANGED" },
    { title: "" },
    { title: "FROM" },
    { title: "TO" },
    { title: "BY", cut: "end" as const, canGo: true },
  ];
  const rows = changes.map((change): Cell[] => [
    timeCell(view, change.changeTime),
    whatHappened(change),
    digestCell(change.fromDigest),
    digestCell(change.toDigest),
    change.actor === "" ? "-" : change.actor,
  ]);
  return tableLines(view, columns, rows);
}

function whatHappened({ fromDigest, toDigest, reason }: TagChange): Cell {
  if (toDigest !== "") return fromDigest === "" ? "made" : "moved";
  const why = reason === undefined || reason.kind.case === "requested" ? "" : `: ${reasonWords(reason)}`;
  return { text: `deleted${why}`, style: "red" };
}
