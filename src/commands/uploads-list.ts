// stowage uploads list: what is on its way to become blobs.
import { type Upload, UploadSchema } from "../gen/stowage/v1/upload_pb.ts";
import type { Cell } from "./cell.ts";
import { parseRepository } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { allPages, PAGE_SIZE } from "./pages.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatQuantity } from "./readable.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView } from "./view.ts";
import type { World } from "./world.ts";

export interface ListUploadsOptions extends KeeperOptions {
  readonly repository?: string;
}

export async function listUploads(world: World, options: ListUploadsOptions): Promise<void> {
  const repository = options.repository === undefined ? undefined : parseRepository(options.repository);
  await askKeeper(world, options, async (keeper) => {
    const uploads = openUploads(keeper, repository);
    if (options.json === true) {
      for await (const upload of uploads) await printWholeJson(world.out, UploadSchema, upload);
      return;
    }
    const found = await Array.fromAsync(uploads);
    await printLines(world.out, found.length === 0 ? ["There are no open uploads."] : lines(world, found));
  });
}

/** Oldest first; of all repositories only for who may administrate the registry. */
export function openUploads(
  { uploads }: Keeper,
  repository: string | undefined,
): AsyncGenerator<Upload, void, undefined> {
  const chosen = repository === undefined ? {} : { repository };
  return allPages(
    (pageToken) => uploads.listUploads({ ...chosen, pageSize: PAGE_SIZE, pageToken }),
    (page) => page.uploads,
  );
}

function lines(world: World, uploads: readonly Upload[]): string[] {
  const view = createView(world);
  const columns = [
    { title: "ID" },
    { title: "REPOSITORY", cut: "middle" as const },
    { title: "SIZE", alignRight: true },
    { title: "BEGUN", canGo: true },
    { title: "LAST WRITTEN" },
  ];
  const rows = uploads.map((upload): Cell[] => [
    upload.uploadId,
    upload.repository,
    formatBytes(upload.offset),
    timeCell(view, upload.createTime),
    timeCell(view, upload.lastActivityTime),
  ]);
  const bytes = uploads.reduce((sum, { offset }) => sum + offset, 0n);
  const sum = `${formatQuantity(uploads.length, "open upload")} with ${formatBytes(bytes)}.`;
  return [...tableLines(view, columns, rows), sum];
}
