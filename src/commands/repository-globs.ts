// Globs over repositories of a command line: whether there is anything that they choose.
import { type Glob, parseGlob } from "../oci/glob.ts";
import type { Keeper } from "./keeper.ts";
import { allPages, PAGE_SIZE } from "./pages.ts";
import { printable } from "./readable.ts";

/** "no repository matches acme/x*". Undefined: one does, no glob is given, or the caller may not know. */
export async function nothingMatches(keeper: Keeper, texts: readonly string[]): Promise<string | undefined> {
  const globs = parsed(texts);
  if (globs.length === 0) return undefined;
  const isFound = await anyMatches(keeper, globs).catch(() => true);
  return isFound ? undefined : `no repository matches ${texts.map(printable).join(" or ")}`;
}

/** None where one is wrong: the registry tells what is wrong with it. */
function parsed(texts: readonly string[]): readonly Glob[] {
  try {
    return texts.map(parseGlob);
  } catch {
    return [];
  }
}

async function anyMatches({ manifests }: Keeper, globs: readonly Glob[]): Promise<boolean> {
  const repositories = allPages(
    (pageToken) => manifests.listRepositories({ pageSize: PAGE_SIZE, pageToken }),
    (page) => page.repositories,
  );
  for await (const { name } of repositories) if (globs.some((glob) => glob.matches(name))) return true;
  return false;
}
