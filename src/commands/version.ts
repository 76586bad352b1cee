// stowage version: what runs here.
import { readFileSync } from "node:fs";
import type { World } from "./world.ts";

/** The version of Stowage, from the package that this file belongs to, built or not. */
export function stowageVersion(): string {
  for (const place of ["../../package.json", "../../../package.json"]) {
    const version = readVersion(new URL(place, import.meta.url));
    if (version !== undefined) return version;
  }
  return "unknown";
}

function readVersion(url: URL): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(url, "utf8"));
    if (typeof manifest !== "object" || manifest === null || !("version" in manifest)) return undefined;
    return "name" in manifest && manifest.name === "stowage" ? String(manifest.version) : undefined;
  } catch {
    return undefined;
  }
}

export async function printVersion(world: World, options: { readonly json?: boolean }): Promise<void> {
  const { nodeVersion, platform } = world;
  const facts = { version: stowageVersion(), node: nodeVersion, platform };
  await world.out.write(
    options.json === true
      ? `${JSON.stringify(facts)}\n`
      : `stowage ${facts.version} (Node.js ${facts.node}, ${platform})\n`,
  );
}
