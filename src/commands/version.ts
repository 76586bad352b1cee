// stowage version: what runs here.
import { readBuildInfo } from "../build-info.ts";
import type { World } from "./world.ts";

/** The version of Stowage: "0.1.0". */
export function stowageVersion(): string {
  return readBuildInfo().version;
}

export async function printVersion(world: World, options: { readonly json?: boolean }): Promise<void> {
  const { nodeVersion: node, platform } = world;
  const { version, commit, buildTime } = readBuildInfo();
  await world.out.write(
    options.json === true
      ? `${JSON.stringify({ version, commit, buildTime, node, platform })}\n`
      : `stowage ${version} (Node.js ${node}, ${platform}; commit ${shortCommit(commit)}, built ${buildTime})\n`,
  );
}

/** As git shows it to people: "088205d1c5f3", "088205d1c5f3-dirty". */
function shortCommit(commit: string): string {
  return commit.replace(/^([0-9a-f]{12})[0-9a-f]{28}/, "$1");
}
