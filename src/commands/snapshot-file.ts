// Where a snapshot is written: beside its place until it is whole, so that nobody
// takes half of one for a backup; or to standard output.
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CommandFailure, EXIT, errorCode, type World } from "./world.ts";

export interface SnapshotSink {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Call it when all is written; what was not kept is removed when the sink is disposed. */
  readonly keep: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Throws CommandFailure where nothing can be written, or something is there that may not be replaced. */
export async function openSink(
  world: World,
  file: string,
  { force }: { readonly force: boolean },
): Promise<SnapshotSink> {
  if (file === "-") return outputSink(world);
  const path = resolve(file);
  if (!force && existsSync(path))
    throw new CommandFailure(`${file} is there already; --force replaces it`, { exitCode: EXIT.usage });
  return fileSink(path);
}

function outputSink({ out, writeBytes }: World): SnapshotSink {
  if (out.isTerminal)
    throw new CommandFailure("a snapshot is nothing for a terminal; name a file, or add | or >", {
      exitCode: EXIT.usage,
    });
  const nothing = async () => undefined;
  return { write: (bytes) => writeBytes(bytes), keep: nothing, [Symbol.asyncDispose]: nothing };
}

async function fileSink(path: string): Promise<SnapshotSink> {
  const partial = `${path}.partial`;
  // There may be keys in it.
  const file = await open(partial, "w", 0o600).catch((error: unknown) => {
    const code = errorCode(error);
    const message =
      code === "ENOENT" ? `there is no folder ${dirname(path)}` : `cannot write ${partial}: ${code}`;
    throw new CommandFailure(message, { cause: error });
  });
  let isKept = false;
  return {
    write: (bytes) => file.writeFile(bytes),
    async keep() {
      await file.sync();
      await rename(partial, path);
      isKept = true;
      const folder = await open(dirname(path), "r");
      await folder.sync().finally(() => folder.close());
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!isKept) await rm(partial, { force: true });
    },
  };
}
