// stowage trash list: what can be brought back, and until when.
import { type DeletedManifest, DeletedManifestSchema } from "../gen/stowage/v1/manifest_pb.ts";
import type { Cell } from "./cell.ts";
import { parseRepository } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { allPages, PAGE_SIZE } from "./pages.ts";
import { printLines, printWholeJson } from "./print.ts";
import { shortDigest } from "./readable.ts";
import { reasonWords } from "./reason-words.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView } from "./view.ts";
import type { World } from "./world.ts";

export async function listTrash(
  world: World,
  name: string | undefined,
  options: KeeperOptions,
): Promise<void> {
  const repository = name === undefined ? "" : parseRepository(name);
  await askKeeper(world, options, async (keeper) => {
    const manifests = deletedManifests(keeper, repository);
    if (options.json === true) {
      for await (const manifest of manifests)
        await printWholeJson(world.out, DeletedManifestSchema, manifest);
      return;
    }
    const found = await Array.fromAsync(manifests);
    const whose = repository === "" ? "" : ` of ${repository}`;
    await printLines(world.out, found.length === 0 ? [`The trash${whose} is empty.`] : lines(world, found));
  });
}

/** Of a repository; of all where it is "". */
export function deletedManifests(
  { manifests }: Keeper,
  repository: string,
): AsyncGenerator<DeletedManifest, void, undefined> {
  return allPages(
    (pageToken) => manifests.listDeletedManifests({ repository, pageSize: PAGE_SIZE, pageToken }),
    (page) => page.manifests,
  );
}

function lines(world: World, manifests: readonly DeletedManifest[]): string[] {
  const view = createView(world);
  const columns = [
    { title: "MANIFEST", cut: "middle" as const },
    { title: "TAGS", cut: "end" as const },
    { title: "DELETED" },
    { title: "BY", cut: "end" as const, canGo: true },
    { title: "WHY", cut: "end" as const, canGo: true },
    { title: "KEPT UNTIL" },
  ];
  const rows = manifests.map((manifest): Cell[] => [
    nameCell(manifest),
    manifest.tags.length === 0 ? "-" : manifest.tags.join(" "),
    timeCell(view, manifest.deleteTime),
    manifest.actor === "" ? "-" : manifest.actor,
    reasonWords(manifest.reason),
    timeCell(view, manifest.expireTime),
  ]);
  return tableLines(view, columns, rows);
}

function nameCell({ repository, descriptor }: DeletedManifest): Cell {
  const digest = descriptor?.digest ?? "";
  return { text: `${repository}@${digest}`, short: `${repository}@${shortDigest(digest)}` };
}
