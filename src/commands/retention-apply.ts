// stowage retention apply: what the rules do not keep goes to the trash.
import { create } from "@bufbuild/protobuf";
import { RetentionDetail } from "../gen/stowage/v1/maintenance_pb.ts";
import {
  ApplyRetentionRequestSchema,
  ApplyRetentionResponseSchema,
  SimulateRetentionRequestSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import { confirm, requireTerminalOr } from "./confirm.ts";
import { followJob } from "./job.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import { printWholeJson } from "./print.ts";
import { formatQuantity } from "./readable.ts";
import { nothingMatches } from "./repository-globs.ts";
import { RetentionPrinter, retentionProgressText } from "./retention-printer.ts";
import { type RetentionOptions, tellSimulation } from "./retention-simulate.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface ApplyOptions extends RetentionOptions {
  readonly yes?: boolean;
  /** Taken to say that it is none of this command's. */
  readonly rules?: string;
}

export async function apply(world: World, options: ApplyOptions): Promise<void> {
  if (options.rules !== undefined)
    throw new CommandFailure("apply takes the configured rules; put them into the configuration", {
      exitCode: EXIT.usage,
    });
  requireTerminalOr(world, options);
  const repositories = [...(options.repository ?? [])];
  const interrupted = "what was deleted is in the trash, and the same command does the rest";
  await askKeeper(world, { ...options, interrupted }, async (keeper) => {
    const nothing = await nothingMatches(keeper, repositories);
    if (nothing !== undefined) throw new CommandFailure(nothing);
    if (options.yes !== true && !(await isWanted(world, keeper, repositories))) return;
    const detail = options.all === true ? RetentionDetail.ALL : RetentionDetail.CHANGES;
    const request = create(ApplyRetentionRequestSchema, { repositories, detail });
    const printer = new RetentionPrinter(world, "deleted");
    // Who was asked has seen each decision.
    const isNews = (kind: string | undefined) => options.yes === true || kind === "finished";
    await followJob(world, keeper.maintenance.applyRetention(request), {
      progress: ({ item }) => (item.case === "progress" ? retentionProgressText(item.value) : undefined),
      tell: async (message) => {
        if (options.json === true) return printWholeJson(world.out, ApplyRetentionResponseSchema, message);
        if (isNews(message.item.case)) await printer.tell(message.item);
      },
    });
  });
}

/** Shows what would go, and asks. False: nothing would. Throws CommandFailure for a no. */
async function isWanted(world: World, keeper: Keeper, repositories: string[]): Promise<boolean> {
  const detail = RetentionDetail.CHANGES;
  const request = create(SimulateRetentionRequestSchema, { repositories, detail });
  const summary = await tellSimulation(world, keeper, { request, json: false });
  const { deletedTags = 0n, deletedManifests = 0n } = summary ?? {};
  if (deletedTags + deletedManifests === 0n) return false;
  const what = `${formatQuantity(deletedTags, "tag")} and ${formatQuantity(deletedManifests, "manifest")}`;
  await confirm(world, `Delete ${what}?`);
  return true;
}
