// stowage fsck: what is wrong with the catalogue and the stored files.
import type { FsckFinding, FsckProgress, FsckSummary } from "../gen/stowage/v1/maintenance_pb.ts";
import { type RunFsckResponse, RunFsckResponseSchema } from "../gen/stowage/v1/maintenance_service_pb.ts";
import { followJob } from "./job.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatCount, formatQuantity, printable } from "./readable.ts";
import { createView, type View } from "./view.ts";
import { CommandEnd, EXIT, type World } from "./world.ts";

export interface FsckOptions extends KeeperOptions {
  readonly repair?: boolean;
  readonly catalogueOnly?: boolean;
  readonly resume?: boolean;
}

/** Ends with a failure when something stays wrong. */
export async function fsck(world: World, options: FsckOptions): Promise<void> {
  const { repair = false, catalogueOnly = false, resume = false } = options;
  const view = createView(world);
  const interrupted = "stowage fsck --resume goes on with the part it was at";
  let remaining = 0n;
  await askKeeper(world, { ...options, interrupted }, ({ maintenance }) =>
    followJob(world, maintenance.runFsck({ repair, catalogueOnly, resume }), {
      progress: ({ item }) => (item.case === "progress" ? progressText(item.value) : undefined),
      tell: async (message) => {
        const { item } = message;
        if (item.case === "finished") remaining = item.value.findings - item.value.repaired;
        if (options.json === true) await printWholeJson(world.out, RunFsckResponseSchema, message);
        else await printLines(world.out, linesOf(view, message, repair));
      },
    }),
  );
  if (remaining > 0n) throw new CommandEnd(EXIT.failure);
}

function progressText({ phase, done, total }: FsckProgress): string {
  return `${phase}: ${formatCount(done)}${total === undefined ? "" : ` of ${formatCount(total)}`} looked at`;
}

function linesOf(view: View, { item }: RunFsckResponse, repair: boolean): readonly string[] {
  switch (item.case) {
    case "finding":
      return [findingLine(view, item.value)];
    case "finished":
      return [summaryText(item.value, repair)];
    default:
      return [];
  }
}

function findingLine({ paint }: View, finding: FsckFinding): string {
  const { kind, message, repaired } = finding;
  const label = repaired ? paint("yellow", "repaired") : paint("red", "wrong   ");
  const place = placeOf(finding);
  const words = [kind, place, message].filter((text) => text !== "").map(printable);
  return `${label}  ${words.join("  ")}`;
}

/** "acme/app:v1", "acme/app@sha256:…", "sha256:…"; empty where it concerns none. */
function placeOf({ repository, tag, digest }: FsckFinding): string {
  const name = tag === "" ? repository : `${repository}:${tag}`;
  return name !== "" && digest !== "" ? `${name}@${digest}` : `${name}${digest}`;
}

function summaryText({ findings, repaired }: FsckSummary, repair: boolean): string {
  if (findings === 0n) return "Nothing is wrong.";
  const found = formatQuantity(findings, "finding");
  if (repair) return `${found}, ${formatCount(repaired)} of them put right.`;
  return `${found}; "stowage fsck --repair" puts right what it can.`;
}
