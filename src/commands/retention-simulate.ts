// stowage retention simulate: what the rules would decide.
import { create } from "@bufbuild/protobuf";
import { RetentionDetail, type RetentionSummary } from "../gen/stowage/v1/maintenance_pb.ts";
import {
  type SimulateRetentionRequest,
  SimulateRetentionRequestSchema,
  SimulateRetentionResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import { followJob } from "./job.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { nothingMatches } from "./repository-globs.ts";
import { RetentionPrinter, retentionProgressText } from "./retention-printer.ts";
import { readRules } from "./retention-rules.ts";
import type { World } from "./world.ts";

export interface RetentionOptions extends KeeperOptions {
  readonly repository?: readonly string[];
  readonly all?: boolean;
}

export interface SimulateOptions extends RetentionOptions {
  readonly rules?: string;
}

export async function simulate(world: World, options: SimulateOptions): Promise<void> {
  const rules = options.rules === undefined ? undefined : readRules(options.rules);
  const request = create(SimulateRetentionRequestSchema, {
    repositories: [...(options.repository ?? [])],
    detail: options.all === true ? RetentionDetail.ALL : RetentionDetail.UNSPECIFIED,
    ...(rules !== undefined && { rules }),
  });
  const interrupted = "nothing was changed";
  await askKeeper(world, { ...options, interrupted }, async (keeper) => {
    const json = options.json === true;
    const nothing = json ? undefined : await nothingMatches(keeper, request.repositories);
    if (nothing !== undefined) return printLines(world.out, [`Nothing goes: ${nothing}.`]);
    await tellSimulation(world, keeper, { request, json });
  });
}

/** Prints the decisions; resolves to what they come to. */
export async function tellSimulation(
  world: World,
  { maintenance }: Keeper,
  { request, json }: { readonly request: SimulateRetentionRequest; readonly json: boolean },
): Promise<RetentionSummary | undefined> {
  const printer = new RetentionPrinter(world, "would delete");
  let summary: RetentionSummary | undefined;
  await followJob(world, maintenance.simulateRetention(request), {
    progress: ({ item }) => (item.case === "progress" ? retentionProgressText(item.value) : undefined),
    tell: (message) => {
      if (message.item.case === "finished") summary = message.item.value;
      return json
        ? printWholeJson(world.out, SimulateRetentionResponseSchema, message)
        : printer.tell(message.item);
    },
  });
  return summary;
}
