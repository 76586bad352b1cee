// Reads a tree of distribution (layout.ts draws it) which its registry may be
// changing: what goes away between two looks was never there. Listings are of names
// only; a link is read when somebody needs it.
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { DIGEST_ALGORITHMS, type Digest, isDigest } from "../../oci/digest.ts";
import { MAX_REPOSITORY_LENGTH } from "../../oci/reference.ts";
import type { Finding } from "./findings.ts";
import { LAYERS, MANIFESTS, repositoriesOf, TREE, UPLOADS } from "./layout.ts";

/** The directories below a repository that are not repositories themselves. */
const PARTS: readonly string[] = [LAYERS, MANIFESTS, UPLOADS];

/** What a reader says about what it cannot make sense of. */
export type Report = (finding: Finding) => void;

/** A directory that holds a repository; its name is not checked. */
export interface TreeRepository {
  readonly name: string;
  readonly path: string;
}

/** What a link holds. */
export type LinkContent =
  | { readonly kind: "digest"; readonly digest: Digest }
  /** There is none: it was deleted, or never written. */
  | { readonly kind: "none" }
  | { readonly kind: "broken"; readonly reason: string };

/** The directory that holds `blobs` and `repositories`: the one given, or where distribution puts it below that. */
export async function findTree(directory: string): Promise<string | undefined> {
  for (const root of [directory, join(directory, TREE)]) {
    const [blobs, repositories] = await Promise.all([
      isDirectory(join(root, "blobs")),
      isDirectory(repositoriesOf(root)),
    ]);
    if (blobs || repositories) return root;
  }
  // A registry that nobody has pushed to.
  return (await isDirectory(join(directory, TREE))) ? join(directory, TREE) : undefined;
}

/** A directory on the way down. */
interface Place extends TreeRepository {
  /** The directories that lead here, as they really are: none of them may come again. */
  readonly chain: ReadonlySet<string>;
}

/** All repositories, in order of their names. */
export async function* listRepositories(
  root: string,
  report: Report,
): AsyncGenerator<TreeRepository, void, undefined> {
  const path = repositoriesOf(root);
  yield* repositoriesBelow({ name: "", path, chain: new Set([await realPath(path)]) }, report);
}

async function* repositoriesBelow(
  place: Place,
  report: Report,
): AsyncGenerator<TreeRepository, void, undefined> {
  const names = await directoriesIn(place.path, report);
  if (names.some((name) => PARTS.includes(name))) yield place;
  for (const name of names) {
    const path = join(place.path, name);
    if (!name.startsWith("_")) yield* repositoriesAt(place, { name, path }, report);
    else if (!PARTS.includes(name)) report(stray(path));
  }
}

async function* repositoriesAt(
  { name: parent, chain }: Place,
  { name, path }: TreeRepository,
  report: Report,
): AsyncGenerator<TreeRepository, void, undefined> {
  const below = parent === "" ? name : `${parent}/${name}`;
  const real = await realPath(path);
  const problem = { kind: "name", level: "problem", path } as const;
  if (chain.has(real)) report({ ...problem, reason: "the symbolic link leads back to where it stands" });
  else if (below.length > MAX_REPOSITORY_LENGTH) {
    const reason = `a repository's name has at most ${MAX_REPOSITORY_LENGTH} characters; what is below was left out`;
    report({ ...problem, reason });
  } else yield* repositoriesBelow({ name: below, path, chain: new Set([...chain, real]) }, report);
}

/** Of what is not there, the path itself. */
function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** The names of the directories, sorted. What else lies there is reported. */
export async function directoriesIn(path: string, report: Report): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(path, report)) {
    if (await isDirectoryEntry(entry)) names.push(entry.name);
    else if (entry.name !== "link") report(stray(join(path, entry.name)));
  }
  return names.sort();
}

/** The digests that have a directory "<algorithm>/<hex>" there, whether with a link or without. */
export async function digestsIn(path: string, report: Report): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (const algorithm of await directoriesIn(path, report)) {
    const directory = join(path, algorithm);
    if (!Object.hasOwn(DIGEST_ALGORITHMS, algorithm)) {
      const reason = `"${algorithm}" is no algorithm that Stowage knows; what is below was left out`;
      report({ kind: "algorithm", level: "problem", path: directory, reason });
      continue;
    }
    for (const hex of await directoriesIn(directory, report)) {
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest)) digests.push(digest);
      else
        report({
          kind: "stray",
          level: "note",
          path: join(directory, hex),
          reason: `${digest} is no digest`,
        });
    }
  }
  return digests;
}

/** Longer than any digest, in bytes. */
const MAX_LINK_SIZE = 1024;

export async function readLink(path: string): Promise<LinkContent> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    if (isGone(error)) return { kind: "none" };
    return { kind: "broken", reason: `the link cannot be read: ${reasonOf(error)}` };
  }
  const text = content.subarray(0, MAX_LINK_SIZE).toString().trim();
  if (isDigest(text)) return { kind: "digest", digest: text };
  if (text === "") return { kind: "broken", reason: "the link is empty" };
  return {
    kind: "broken",
    reason: `the link holds ${JSON.stringify(text.slice(0, 100))}, which is no digest`,
  };
}

/** When the file was last written, in milliseconds since 1970. Undefined: it is gone. */
export async function timeOf(path: string): Promise<number | undefined> {
  try {
    return Math.floor((await stat(path)).mtimeMs);
  } catch {
    return undefined;
  }
}

/** True where nothing is, or not any more. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** Why it was refused; where the system did so without the path, which stands beside it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = /^E[A-Z0-9]+: (.*?)(?:, \w+|$)/.exec(error.message)?.[1];
  return reason ?? error.message;
}

async function entriesOf(path: string, report: Report): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (!isGone(error))
      report({ kind: "unreadable", level: "problem", path, reason: `it cannot be read: ${reasonOf(error)}` });
    return [];
  }
}

/** Operators move parts of a tree to other disks and leave symbolic links. */
async function isDirectoryEntry(entry: Dirent): Promise<boolean> {
  if (entry.isSymbolicLink()) return isDirectory(join(entry.parentPath, entry.name));
  return entry.isDirectory();
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function stray(path: string): Finding {
  const reason = `"${basename(path)}" belongs to no repository, tag or blob`;
  return { kind: "stray", level: "note", path, reason };
}
