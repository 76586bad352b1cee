// stowage explain: what keeps a blob or a manifest, drawn as a tree.
import { toJson } from "@bufbuild/protobuf";
import {
  type ExplainBlobResponse,
  ExplainBlobResponseSchema,
} from "../gen/stowage/v1/maintenance_service_pb.ts";
import { explanationLines } from "./explanation-tree.ts";
import { parseContentName, type TagName } from "./image-name.ts";
import { askKeeper, type Keeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines } from "./print.ts";
import { problemOf } from "./remote-registry.ts";
import { askAboutTag } from "./unknown-tag.ts";
import { createView } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

export async function explain(world: World, content: string, options: KeeperOptions): Promise<void> {
  const name = parseContentName(content);
  await askKeeper(world, options, async (keeper) => {
    const digest = "digest" in name ? name.digest : await digestOfTag(keeper, name);
    const explanation = await ask(keeper, digest);
    if (options.json === true) {
      const members = toJson(ExplainBlobResponseSchema, explanation, { alwaysEmitImplicit: true });
      await world.out.write(`${JSON.stringify(Object.assign({ digest }, members))}\n`);
      return;
    }
    const lines = await explanationLines(createView(world), { digest, explanation }, (other) =>
      keeper.maintenance.explainBlob({ digest: other }).catch(undefinedIfGone),
    );
    await printLines(world.out, lines);
  });
}

async function digestOfTag(keeper: Keeper, name: TagName): Promise<string> {
  const { repository, tag } = name;
  const reference = { name: { case: "tag", value: tag } } as const;
  const { descriptor } = await askAboutTag(keeper, name, () =>
    keeper.manifests.statManifest({ repository, reference }),
  );
  return descriptor?.digest ?? "";
}

async function ask({ maintenance }: Keeper, digest: string): Promise<ExplainBlobResponse> {
  try {
    return await maintenance.explainBlob({ digest });
  } catch (error) {
    if (problemOf(error)?.reason !== "BLOB_UNKNOWN") throw error;
    const message = `${digest} is not here: it never was, or it has been collected. Pushing it again brings it back`;
    throw new CommandFailure(message, { cause: error });
  }
}

/** What leads to it may go while it is looked at. */
function undefinedIfGone(error: unknown): undefined {
  if (problemOf(error)?.reason === "BLOB_UNKNOWN") return undefined;
  throw error;
}
