// The tags of a repository of distribution's tree: what each points to, since when,
// and what it ever pointed to.
import { join } from "node:path";
import type { Digest } from "../../oci/digest.ts";
import { parseTag, type RepositoryName, type Tag } from "../../oci/reference.ts";
import { forEach } from "./for-each.ts";
import { currentLink, tagIndexOf, tagsOf } from "./layout.ts";
import { digestsIn, directoriesIn, type Report, readLink, timeOf } from "./tree.ts";

/** How many links are read at once. */
const AT_ONCE = 16;

export interface TagLink {
  readonly tag: Tag;
  readonly digest: Digest;
  /** When it was set, in milliseconds since 1970. */
  readonly time: number;
  /** The link. */
  readonly path: string;
}

/** A repository with a name that it can have. */
export interface Repository {
  readonly repository: RepositoryName;
  readonly path: string;
}

/** The tags that point to something, in no order. */
export async function readTags({ repository, path }: Repository, report: Report): Promise<TagLink[]> {
  const tags: TagLink[] = [];
  await forEach(await directoriesIn(tagsOf(path), report), AT_ONCE, async (name) => {
    const tag = tagOf(name);
    if (tag === undefined) {
      const reason = `"${name}" cannot be a tag`;
      report({ kind: "name", level: "problem", path: join(tagsOf(path), name), reason, repository });
      return;
    }
    const link = currentLink(path, name);
    // The time first: a link that is set again in between is then looked at again by the next import.
    const time = await timeOf(link);
    const content = await readLink(link);
    if (content.kind === "digest" && time !== undefined)
      tags.push({ tag, digest: content.digest, time, path: link });
    else {
      const reason = content.kind === "broken" ? content.reason : "the tag points to nothing";
      report({ kind: "broken-link", level: "problem", path: link, reason, repository, tag });
    }
  });
  return tags;
}

/** What the tag ever pointed to, in no order. */
export function readTagIndex({ path }: Repository, tag: Tag, report: Report): Promise<Digest[]> {
  return digestsIn(tagIndexOf(path, tag), report);
}

function tagOf(name: string): Tag | undefined {
  try {
    return parseTag(name);
  } catch {
    return undefined;
  }
}
