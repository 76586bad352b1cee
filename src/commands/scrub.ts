// stowage scrub: what of the stored blobs is damaged.
import { create } from "@bufbuild/protobuf";
import { parseByteSize, SIZE } from "../config/byte-size.ts";
import type { ScrubFinding, ScrubProgress } from "../gen/stowage/v1/maintenance_pb.ts";
import {
  RunScrubRequestSchema,
  type RunScrubResponse,
  RunScrubResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import { followJob } from "./job.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatBytes, formatCount, formatQuantity, printable } from "./readable.ts";
import { createView, type View } from "./view.ts";
import { CommandEnd, CommandFailure, EXIT, type World } from "./world.ts";

export interface ScrubOptions extends KeeperOptions {
  readonly rate?: string;
  readonly restart?: boolean;
}

/** Ends with a failure when a blob stays damaged. */
export async function scrub(world: World, options: ScrubOptions): Promise<void> {
  const { restart = false, rate } = options;
  const bytesPerSecond = rate === undefined ? undefined : parseRate(rate);
  const request = create(RunScrubRequestSchema, {
    restart,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  });
  const view = createView(world);
  const interrupted = "stowage scrub goes on from here";
  let isDamaged = false;
  await askKeeper(world, { ...options, interrupted }, ({ maintenance }) =>
    followJob(world, maintenance.runScrub(request), {
      progress: ({ item }) => (item.case === "progress" ? countsOf(item.value) : undefined),
      tell: async (message) => {
        if (message.item.case === "finding" && !message.item.value.repaired) isDamaged = true;
        if (options.json === true) await printWholeJson(world.out, RunScrubResponseSchema, message);
        else await printLines(world.out, linesOf(view, message));
      },
    }),
  );
  if (isDamaged) throw new CommandEnd(EXIT.failure);
}

function parseRate(text: string): bigint {
  const bytes = parseByteSize(text);
  if (bytes !== undefined) return BigInt(bytes);
  throw new CommandFailure(`--rate: "${text}" is not ${SIZE}`, { exitCode: EXIT.usage });
}

function countsOf({ blobs, bytes, damaged }: ScrubProgress): string {
  const bad = damaged === 0n ? "none damaged" : `${formatCount(damaged)} damaged`;
  return `${formatQuantity(blobs, "blob")} with ${formatBytes(bytes)} read, ${bad}`;
}

function linesOf(view: View, { item }: RunScrubResponse): readonly string[] {
  switch (item.case) {
    case "finding":
      return findingLines(view, item.value);
    case "finished":
      return [`${countsOf(item.value)}.`];
    default:
      return [];
  }
}

function findingLines({ paint }: View, finding: ScrubFinding): readonly string[] {
  const { digest, size, message, repositories, repaired } = finding;
  const label = repaired ? paint("yellow", "repaired") : paint("red", "damaged ");
  const what = `${label}  ${digest}  ${formatBytes(size)}  ${printable(message)}`;
  const users = repositories.map(printable).join(", ");
  if (repositories.length === 0) return [what, "          no repository uses it"];
  // What cannot be opened is not marked, so nobody pushes it again.
  const advice = message.startsWith("cannot be opened")
    ? "; let the registry's user read its file"
    : "; pushing it there again heals it";
  return [what, `          used by ${users}${repaired ? "" : advice}`];
}
