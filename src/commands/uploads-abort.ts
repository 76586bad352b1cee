// stowage uploads abort: uploads end without a blob, those named or those idle.
import { create } from "@bufbuild/protobuf";
import { suggest } from "../config/nearest.ts";
import type { PurgedUpload } from "../gen/stowage/v1/maintenance_pb.ts";
import {
  PurgeUploadsRequestSchema,
  type PurgeUploadsResponse,
  PurgeUploadsResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { Upload } from "../gen/stowage/v1/upload_pb.ts";
import { parseRepository } from "./image-name.ts";
import { followJob } from "./job.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatQuantity, printable } from "./readable.ts";
import { parseSpanOption } from "./span-option.ts";
import { openUploads } from "./uploads-list.ts";
import { createView, type View } from "./view.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface AbortOptions extends KeeperOptions {
  readonly repository?: string;
  readonly idle?: string;
  readonly dryRun?: boolean;
}

/** Throws CommandFailure unless either ids are given or an age. */
export async function abortUploads(
  world: World,
  ids: readonly string[],
  options: AbortOptions,
): Promise<void> {
  const { idle } = options;
  if (ids.length > 0 === (idle !== undefined))
    throw usage("say which: ids as the list shows them, or --idle");
  if (idle === undefined) return abortNamed(world, new Set(ids), options);
  if (options.repository !== undefined) throw usage("--idle is about all repositories");
  return abortIdle(world, idle, options);
}

async function abortIdle(world: World, idle: string, options: AbortOptions): Promise<void> {
  const { dryRun = false } = options;
  const request = create(PurgeUploadsRequestSchema, { age: parseSpanOption(idle, "--idle"), dryRun });
  const view = createView(world);
  const interrupted = "what was ended stays ended, and the same command does the rest";
  await askKeeper(world, { ...options, interrupted }, ({ maintenance }) =>
    followJob(world, maintenance.purgeUploads(request), {
      progress: ({ item }) =>
        item.case === "progress" ? `${formatQuantity(item.value.examined, "upload")} looked at` : undefined,
      tell: (message) =>
        options.json === true
          ? printWholeJson(world.out, PurgeUploadsResponseSchema, message)
          : printLines(world.out, linesOf(view, message, dryRun)),
    }),
  );
}

function linesOf(view: View, { item }: PurgeUploadsResponse, dryRun: boolean): readonly string[] {
  if (item.case === "upload") return [idleLine(view, item.value)];
  if (item.case !== "finished") return [];
  const { purged, bytes, examined } = item.value;
  const what = `${formatQuantity(purged, "upload")} with ${formatBytes(bytes)}`;
  return [`${dryRun ? "Would end" : "Ended"} ${what}; ${formatQuantity(examined, "upload")} looked at.`];
}

function idleLine(view: View, { uploadId, repository, size, lastActivityTime }: PurgedUpload): string {
  const whose = repository === "" ? "of no upload any more" : repository;
  return `${printable(uploadId)}  ${formatBytes(size)}  ${printable(whose)}  last written ${view.fullTime(lastActivityTime)}`;
}

/** Ends all that there are; fails when some of them are not. */
async function abortNamed(world: World, ids: ReadonlySet<string>, options: AbortOptions): Promise<void> {
  const { dryRun = false, json } = options;
  const repository = options.repository === undefined ? undefined : parseRepository(options.repository);
  await askKeeper(world, options, async (keeper) => {
    const { found, others } = await findUploads(keeper, ids, repository);
    for (const { repository, uploadId } of found) {
      if (!dryRun) await keeper.uploads.cancelUpload({ repository, uploadId });
      const done = JSON.stringify({ repository, uploadId, aborted: !dryRun });
      const words = `${dryRun ? "Would end" : "Ended"} upload ${uploadId} of ${repository}.`;
      await printLines(world.out, [json === true ? done : words]);
    }
    const unknown = [...ids].filter((id) => !found.some(({ uploadId }) => uploadId === id));
    if (unknown.length > 0) throw unknownUploads(unknown, others);
  });
}

async function findUploads(
  keeper: Keeper,
  ids: ReadonlySet<string>,
  repository: string | undefined,
): Promise<{ readonly found: readonly Upload[]; readonly others: readonly string[] }> {
  const found: Upload[] = [];
  const others: string[] = [];
  for await (const upload of openUploads(keeper, repository)) {
    if (ids.has(upload.uploadId)) found.push(upload);
    else others.push(upload.uploadId);
    if (found.length === ids.size) break;
  }
  return { found, others };
}

function unknownUploads(ids: readonly string[], others: readonly string[]): CommandFailure {
  const names = ids.map((id) => `"${printable(id)}"`).join(", ");
  const [id = ""] = ids;
  const nearest = others.length > 0 ? suggest(id, others, "-") : "";
  const advice = ids.length === 1 && nearest.startsWith("did you mean") ? `; ${nearest}` : "";
  return new CommandFailure(
    `there is no open upload ${names}${advice}; "stowage uploads list" shows those there are`,
  );
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
