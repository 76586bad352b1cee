// stowage trash restore REPOSITORY: what was deleted of it within some time comes back.
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { DeletedManifest } from "../gen/stowage/v1/manifest_pb.ts";
import { UndeleteManifestResponseSchema } from "../gen/stowage/v1/manifest_service_pb.ts";
import { confirm, requireTerminalOr } from "./confirm.ts";
import { parseRepository } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatQuantity } from "./readable.ts";
import { problemOf } from "./remote-registry.ts";
import { parseSpanOption } from "./span-option.ts";
import { deletedManifests } from "./trash-list.ts";
import { type RestoreFromTrashOptions, restoredLines } from "./trash-restore.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

type Choice = (manifest: DeletedManifest) => boolean;

/** Throws CommandFailure, also where nothing is there that fits. */
export async function restoreMany(
  world: World,
  text: string,
  options: RestoreFromTrashOptions,
): Promise<void> {
  const repository = parseRepository(text);
  const isMeant = toChoice(options, world.now());
  requireTerminalOr(world, options);
  const interrupted = "what came back stays, and the same command does the rest";
  await askKeeper(world, { ...options, interrupted }, async (keeper) => {
    const digests = await chosen(keeper, repository, isMeant);
    if (digests.length === 0) throw nothingFits(repository);
    const count = formatQuantity(digests.length, "deleted manifest");
    if (options.yes !== true)
      await confirm(world, `Bring back ${count} of ${repository}, with what went with each?`);
    await bringBack(world, keeper, { repository, digests, json: options.json === true });
  });
}

function toChoice({ since, reason }: RestoreFromTrashOptions, now: number): Choice {
  const kind = reason === undefined ? undefined : REASONS.get(reason);
  if (reason !== undefined && kind === undefined)
    throw new CommandFailure(`--reason: "${reason}" is none; there are retention and request`, {
      exitCode: EXIT.usage,
    });
  const earliest = since === undefined ? undefined : now - durationMs(parseSpanOption(since, "--since"));
  return ({ reason: why, deleteTime }) => {
    // What belonged to another one comes back with it.
    if (why?.kind.case === "belonged") return false;
    if (kind !== undefined && why?.kind.case !== kind) return false;
    return earliest === undefined || (deleteTime !== undefined && timestampMs(deleteTime) >= earliest);
  };
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["retention", "retention"],
  ["request", "requested"],
]);

/** What was deleted last comes first: a tag that several had returns to the last one that had it. */
async function chosen(keeper: Keeper, repository: string, isMeant: Choice): Promise<readonly string[]> {
  const found = (await Array.fromAsync(deletedManifests(keeper, repository))).filter(isMeant);
  const time = ({ deleteTime }: DeletedManifest) => (deleteTime === undefined ? 0 : timestampMs(deleteTime));
  return found.toSorted((a, b) => time(b) - time(a)).map(({ descriptor }) => descriptor?.digest ?? "");
}

async function bringBack(
  { out }: World,
  { manifests }: Keeper,
  what: { readonly repository: string; readonly digests: readonly string[]; readonly json: boolean },
): Promise<void> {
  const { repository, digests, json } = what;
  for (const digest of digests) {
    const answer = await manifests.undeleteManifest({ repository, digest }).catch((error: unknown) => {
      // It came back meanwhile, with one of the others or by a push.
      if (problemOf(error)?.reason === "MANIFEST_UNKNOWN") return undefined;
      throw error;
    });
    if (answer === undefined) continue;
    if (json) await printWholeJson(out, UndeleteManifestResponseSchema, answer);
    else await printLines(out, restoredLines({ repository, digest }, answer));
  }
}

function nothingFits(repository: string): CommandFailure {
  return new CommandFailure(
    `nothing in the trash of ${repository} was deleted so; "stowage trash list ${repository}" shows what is there`,
  );
}
