// stowage snapshot: a backup of the catalogue, in a file that is whole or not there.
import { toJson } from "@bufbuild/protobuf";
import { type SnapshotHeader, SnapshotHeaderSchema } from "../gen/stowage/v1/maintenance_pb.ts";
import { askKeeper } from "./keeper.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { printLines } from "./print.ts";
import { formatSize } from "./readable.ts";
import { openSink, type SnapshotSink } from "./snapshot-file.ts";
import { StatusLine } from "./status-line.ts";
import { createView } from "./view.ts";
import { CommandFailure, type World } from "./world.ts";

export interface SnapshotOptions extends KeeperOptions {
  readonly force?: boolean;
  readonly withoutSecrets?: boolean;
}

export async function takeSnapshot(world: World, file: string, options: SnapshotOptions): Promise<void> {
  const { force = false, withoutSecrets = false } = options;
  await using sink = await openSink(world, file, { force });
  const interrupted = "no snapshot was written";
  const taken = await askKeeper(world, { ...options, interrupted }, async ({ maintenance }) =>
    copy(world, maintenance.takeSnapshot({ withoutSecrets }), sink),
  );
  await sink.keep();
  await tell(world, file, { ...taken, options });
}

interface Taken {
  readonly header: SnapshotHeader;
  readonly bytes: number;
}

type Parts = AsyncIterable<{
  readonly part:
    | { readonly case: "header"; readonly value: SnapshotHeader }
    | { readonly case: "chunk"; readonly value: Uint8Array }
    | { readonly case: undefined };
}>;

async function copy(world: World, parts: Parts, sink: SnapshotSink): Promise<Taken> {
  const status = new StatusLine(world.err);
  let header: SnapshotHeader | undefined;
  let bytes = 0;
  try {
    for await (const { part } of parts) {
      if (part.case === "header") header = part.value;
      if (part.case !== "chunk") continue;
      await sink.write(part.value);
      bytes += part.value.length;
      await status.show(`${formatSize(bytes)} written`);
    }
  } finally {
    await status.clear();
  }
  if (header === undefined) throw new CommandFailure("the registry sent no snapshot");
  return { header, bytes };
}

/** On standard error where the snapshot itself went to standard output. */
async function tell(
  world: World,
  file: string,
  { header, bytes, options }: Taken & { readonly options: SnapshotOptions },
): Promise<void> {
  if (options.json === true && file !== "-") {
    const members = toJson(SnapshotHeaderSchema, header, { alwaysEmitImplicit: true });
    await world.out.write(`${JSON.stringify({ file, bytes, header: members })}\n`);
    return;
  }
  const view = createView(world);
  const place = file === "-" ? "The snapshot" : file;
  const lines = [
    `${place}: ${formatSize(bytes)}, the catalogue at event #${header.cursor}, ${view.time(header.createTime)}.`,
    secretsText(header, options),
  ];
  await printLines(file === "-" ? world.err : world.out, lines);
}

function secretsText({ withSecrets }: SnapshotHeader, { withoutSecrets }: SnapshotOptions): string {
  if (withSecrets) return "It holds keys that sign tokens, and access tokens: keep it as you keep those.";
  const why = withoutSecrets === true ? "as asked for" : "for the registry asks nobody who they are";
  return `Keys that sign tokens, access tokens and refresh tokens are not in it, ${why}.`;
}
