// The manifests of a repository of distribution's tree: found by their links, read,
// and recognised by their bytes, for nothing else tells what they are.
import { type FileHandle, open } from "node:fs/promises";
import { type Digest, digestAlgorithm, digestOf } from "../../oci/digest.ts";
import { MAX_MANIFEST_SIZE, type ParsedManifest, parseManifest } from "../../oci/manifest.ts";
import type { FindingKind } from "./findings.ts";
import { blobData, layersOf, linkOf, revisionsOf } from "./layout.ts";
import { isGone, type LinkContent, type Report, readLink, reasonOf, timeOf } from "./tree.ts";
import type { Repository } from "./tree-tags.ts";

/** A manifest as it lies in the tree. */
export interface TreeManifest {
  readonly digest: Digest;
  /** What the digest is of. */
  readonly content: Uint8Array;
  readonly parsed: ParsedManifest;
  /** When it was pushed, in milliseconds since 1970. */
  readonly time: number;
  /** Its link. */
  readonly path: string;
}

/** A link that leads somewhere. */
interface Found {
  readonly target: Digest;
  readonly time: number;
  readonly path: string;
}

/** Undefined: there is none, or it cannot be used, which is reported. */
export async function readTreeManifest(
  root: string,
  place: Repository,
  digest: Digest,
  report: Report,
): Promise<TreeManifest | undefined> {
  const found = await findLink(place, digest, report);
  if (found === undefined) return undefined;
  const { path, time, target } = found;
  const { repository } = place;
  const fail = (kind: FindingKind, reason: string) =>
    report({ kind, level: "problem", path, reason, repository, digest });
  const content = await readBytes(blobData(root, target)).catch((error: unknown) => {
    if (isGone(error)) fail("dangling-link", `the bytes of ${target} are not there`);
    else fail("unreadable", `the bytes of ${target} cannot be read: ${reasonOf(error)}`);
  });
  if (content === undefined) return undefined;
  const actual = digestOf(content, digestAlgorithm(digest));
  if (actual !== digest) {
    fail(...wrongBytes(digest, target, content.length, actual));
    return undefined;
  }
  try {
    return { digest, content, parsed: parseManifest(content, ""), time, path };
  } catch (error) {
    fail("manifest", `the manifest cannot be understood: ${reasonOf(error)}`);
    return undefined;
  }
}

/** Where 2.0 and later write it; where there is none, or none that is any good, where 2.1.0 did. */
async function findLink(
  { repository, path }: Repository,
  digest: Digest,
  report: Report,
): Promise<Found | undefined> {
  const revision = linkOf(revisionsOf(path), digest);
  const first = await follow(revision);
  if ("target" in first) return first;
  const second = await follow(linkOf(layersOf(path), digest));
  const finding = { kind: "broken-link", path: revision, repository, digest } as const;
  if ("target" in second) {
    if (first.kind === "broken")
      report({ ...finding, level: "note", reason: `${first.reason}; the link among the layers is used` });
    return second;
  }
  if (first.kind === "broken") report({ ...finding, level: "problem", reason: first.reason });
  return undefined;
}

async function follow(path: string): Promise<Found | Exclude<LinkContent, { kind: "digest" }>> {
  const time = await timeOf(path);
  const content = await readLink(path);
  if (content.kind !== "digest") return content;
  return time === undefined ? { kind: "none" } : { target: content.digest, time, path };
}

function wrongBytes(digest: Digest, target: Digest, size: number, actual: Digest): [FindingKind, string] {
  if (target !== digest) return ["broken-link", `the link is one to ${target}, which is not ${digest}`];
  if (size > MAX_MANIFEST_SIZE)
    return [
      "manifest",
      `it has more than ${MAX_MANIFEST_SIZE} bytes, which is more than a manifest may have`,
    ];
  return ["wrong-bytes", `its ${size} bytes have the digest ${actual}`];
}

/** All of it, or as much as shows that it is too much. */
async function readBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    return await readUpTo(file, MAX_MANIFEST_SIZE + 1);
  } finally {
    await file.close();
  }
}

async function readUpTo(file: FileHandle, most: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.min(size, most));
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
