// stowage trash restore: a deleted manifest comes back.
import {
  type UndeleteManifestResponse,
  UndeleteManifestResponseSchema,
} from "../gen/stowage/v1/manifest_service_pb.ts";
import { type ManifestName, parseShortName } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatQuantity, printable } from "./readable.ts";
import { problemOf } from "./remote-registry.ts";
import { completeDigest, isShortDigest } from "./short-digest.ts";
import { deletedManifests } from "./trash-list.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface RestoreFromTrashOptions extends KeeperOptions {
  readonly since?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

export async function restoreFromTrash(
  world: World,
  text: string,
  options: RestoreFromTrashOptions,
): Promise<void> {
  if (options.since !== undefined || options.reason !== undefined)
    throw new CommandFailure(
      "--since and --reason are for many; a manifest that is named comes back anyhow",
      {
        exitCode: EXIT.usage,
      },
    );
  const given = parseShortName(text);
  await askKeeper(world, options, async (keeper) => {
    const name = await whole(keeper, given);
    const answer = await keeper.manifests.undeleteManifest(name).catch((error: unknown) => {
      throw explained(error, name);
    });
    if (options.json === true) return printWholeJson(world.out, UndeleteManifestResponseSchema, answer);
    await printLines(world.out, restoredLines(name, answer));
  });
}

async function whole(keeper: Keeper, { repository, digest }: ManifestName): Promise<ManifestName> {
  if (!isShortDigest(digest)) return { repository, digest };
  const found = await Array.fromAsync(deletedManifests(keeper, repository));
  const digests = found.map(({ descriptor }) => descriptor?.digest ?? "");
  return { repository, digest: await completeDigest(digest, digests, `the trash of ${repository}`) };
}

function explained(error: unknown, { repository }: ManifestName): unknown {
  const problem = problemOf(error);
  if (problem?.reason !== "MANIFEST_UNKNOWN") return error;
  const text = printable(problem.metadata.message ?? "it is not in the trash");
  const message = `${text}; "stowage trash list ${repository}" shows what is there`;
  return new CommandFailure(message, { cause: error });
}

export function restoredLines(
  { repository, digest }: ManifestName,
  answer: UndeleteManifestResponse,
): readonly string[] {
  const { tags, takenTags, companionDigests } = answer;
  const count = companionDigests.length;
  const companions = count === 0 ? "" : `, and ${formatQuantity(count, "manifest")} that went with it`;
  return [
    `${repository}@${digest} is back${companions}.`,
    ...(tags.length === 0 ? [] : [`Tags that are back: ${tags.map(printable).join(", ")}`]),
    ...(takenTags.length === 0
      ? []
      : [`Tags that point elsewhere by now, and were left: ${takenTags.map(printable).join(", ")}`]),
  ];
}
