// stowage trash purge: deleted manifests go for good.
import { create } from "@bufbuild/protobuf";
import { type Duration, durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  PurgeDeletedManifestsRequestSchema,
  PurgeDeletedManifestsResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import type { DeletedManifest } from "../gen/stowage/v1/manifest_pb.ts";
import { confirm, requireTerminalOr } from "./confirm.ts";
import { parsePlace } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatQuantity } from "./readable.ts";
import { parseSpanOption } from "./span-option.ts";
import { deletedManifests } from "./trash-list.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface PurgeOptions extends KeeperOptions {
  readonly olderThan?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** Throws CommandFailure unless it is said what goes. */
export async function purgeTrash(
  world: World,
  what: string | undefined,
  options: PurgeOptions,
): Promise<void> {
  const choice = toChoice(what, options);
  requireTerminalOr(world, options);
  await askKeeper(world, options, async (keeper) => {
    if (options.yes !== true) {
      const count = await countOf(keeper, choice, world.now());
      const manifests = formatQuantity(count, "deleted manifest");
      if (count > 0) await confirm(world, `Remove ${manifests} for good, so that nothing brings them back?`);
    }
    const request = create(PurgeDeletedManifestsRequestSchema, choice);
    const answer = await keeper.maintenance.purgeDeletedManifests(request);
    if (options.json === true) return printWholeJson(world.out, PurgeDeletedManifestsResponseSchema, answer);
    const bytes = answer.purged === 0n ? "" : ' "stowage gc" removes what only they needed.';
    await printLines(world.out, [`${formatQuantity(answer.purged, "manifest")} removed for good.${bytes}`]);
  });
}

interface Choice {
  /** "": all. */
  readonly repository: string;
  readonly digest: string;
  readonly olderThan?: Duration;
}

function toChoice(what: string | undefined, { all, olderThan: age }: PurgeOptions): Choice {
  if ((what === undefined) !== (all === true))
    throw usage("say what is to go: REPOSITORY, REPOSITORY@DIGEST, or --all");
  const olderThan = age === undefined ? {} : { olderThan: parseSpanOption(age, "--older-than") };
  if (what === undefined) return { repository: "", digest: "", ...olderThan };
  const { repository, digest = "" } = parsePlace(what);
  if (digest !== "" && age !== undefined)
    throw usage("--older-than is for many; a manifest that is named goes at any age");
  return { repository, digest, ...olderThan };
}

async function countOf(keeper: Keeper, choice: Choice, now: number): Promise<number> {
  const { repository, digest, olderThan } = choice;
  if (digest !== "") return 1;
  const latest = olderThan === undefined ? now : now - durationMs(olderThan);
  const isOld = ({ deleteTime }: DeletedManifest) =>
    olderThan === undefined || (deleteTime !== undefined && timestampMs(deleteTime) <= latest);
  let count = 0;
  for await (const manifest of deletedManifests(keeper, repository)) if (isOld(manifest)) count += 1;
  return count;
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
