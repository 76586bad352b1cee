// Telling of a tag or a repository that there is not, with the nearest that there is.
import { nearby } from "../config/nearest.ts";
import type { TagName } from "./image-name.ts";
import type { Keeper } from "./keeper.ts";
import { allPages } from "./pages.ts";
import { printable } from "./readable.ts";
import { problemOf } from "./remote-registry.ts";
import { CommandFailure } from "./world.ts";

/** So many names are compared. */
const MOST = 10_000;

/** Asks about a tag; where there is none, the error says which there is. */
export async function askAboutTag<T>(keeper: Keeper, name: TagName, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.reason !== "MANIFEST_UNKNOWN" && problem?.reason !== "NAME_UNKNOWN") throw error;
    const advice = await nearestTo(keeper, name);
    if (advice === undefined) throw error;
    const message = `${printable(problem.metadata.message ?? "there is no such tag")}; ${advice}`;
    throw new CommandFailure(message, { cause: error });
  }
}

/** The same about a repository. */
export async function askAboutRepository<T>(
  keeper: Keeper,
  repository: string,
  ask: () => Promise<T>,
): Promise<T> {
  return askAboutTag(keeper, { repository, tag: "" }, ask);
}

/** False also where the caller may not see it. */
export async function isTag({ manifests }: Keeper, { repository, tag }: TagName): Promise<boolean> {
  const tags = allPages(
    (pageToken) => manifests.listTags({ repository, namesOnly: true, pageSize: MOST, pageToken }),
    (page) => page.tags,
  );
  try {
    for await (const { name } of tags) if (name === tag) return true;
  } catch {
    // Then it is told what is known without it.
  }
  return false;
}

/** "did you mean v1?". Undefined: the tag is there, or nothing near is, or the caller may not see it. */
export async function nearestTo(keeper: Keeper, name: TagName): Promise<string | undefined> {
  const advice = await nearest(keeper, name).catch(() => undefined);
  return advice === undefined ? undefined : printable(advice);
}

async function nearest({ manifests }: Keeper, { repository, tag }: TagName): Promise<string | undefined> {
  const tags = await manifests
    .listTags({ repository, namesOnly: true, pageSize: MOST })
    .then((page) => page.tags.map(({ name }) => name))
    .catch(() => undefined);
  if (tags !== undefined) return tag === "" || tags.includes(tag) ? undefined : wayOut(tag, tags);
  const page = await manifests.listRepositories({ pageSize: MOST });
  const names = page.repositories.map(({ name }) => name);
  return names.includes(repository) ? undefined : wayOut(repository, names);
}

/** Nobody types the names of tags that are attached to a manifest. */
const ATTACHED = /^sha256-/;

function wayOut(unknown: string, known: readonly string[]): string | undefined {
  const near = nearby(
    unknown,
    known.filter((name) => !ATTACHED.test(name)),
  );
  return near === undefined ? undefined : `did you mean ${near}?`;
}
