// Imports one repository of distribution's tree: first the blobs, then the manifests,
// members before their indexes, each with its tags. The old registry writes in this
// order, so the tree is read the other way round: what a tag names was there before.

import type { MetadataStore } from "../../metadata/metadata-store.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { Tag } from "../../oci/reference.ts";
import type { Finding } from "./findings.ts";
import { forEach } from "./for-each.ts";
import { type Here, readHere } from "./here.ts";
import { blobData, layersOf, linkOf, revisionsOf, uploadsOf } from "./layout.ts";
import type { SignedFormReader } from "./signed-form.ts";
import type { Tally } from "./tally.ts";
import { digestsIn, directoriesIn, isGone, readLink, reasonOf } from "./tree.ts";
import { readTreeManifest, type TreeManifest } from "./tree-manifests.ts";
import { type Repository, readTagIndex, readTags, type TagLink } from "./tree-tags.ts";
import type { Writer } from "./writer.ts";

/** How many blobs, or manifests, are dealt with at once. */
const AT_ONCE = 16;

/** How many members of an index are looked at at once. */
const MEMBERS_AT_ONCE = 4;

export interface RepositoryImportOptions {
  readonly root: string;
  readonly metadata: MetadataStore;
  readonly writer: Writer;
  readonly forms: SignedFormReader;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** Blobs that are as if they were not here. */
  readonly damaged: ReadonlySet<Digest>;
  /** True: blobs that are here are dealt with too. */
  readonly verify: boolean;
}

export class RepositoryImport {
  readonly #place: Repository;
  readonly #options: RepositoryImportOptions;
  #here: Here = { manifests: new Set(), links: new Set(), tags: new Map() };
  /** The tags to be set, by what they point to. */
  readonly #tags = new Map<Digest, TagLink[]>();
  /** Whether the manifest is here now; each is dealt with once. */
  readonly #manifests = new Map<Digest, Promise<boolean>>();
  /** Links to bytes that are not there. */
  readonly #dangling = new Map<Digest, string>();
  readonly #needed = new Set<Digest>();

  constructor(place: Repository, options: RepositoryImportOptions) {
    this.#place = place;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { metadata, tally, signal, damaged } = this.#options;
    const { path, repository } = this.#place;
    const tags = await readTags(this.#place, tally.report);
    const revisions = await digestsIn(revisionsOf(path), tally.report);
    const layers = await digestsIn(layersOf(path), tally.report);
    await this.#reportUploads();
    if (tags.length + revisions.length + layers.length === 0) return;
    tally.counts.repositories += 1;
    this.#here = await readHere(metadata, repository, damaged);
    const candidates = new Set([...revisions, ...(await this.#chooseTags(tags))]);
    await this.#importBlobs(layers.filter((digest) => !candidates.has(digest)));
    await forEach(candidates, AT_ONCE, async (digest) => {
      signal.throwIfAborted();
      await this.#manifest(digest);
    });
    await this.#reportTags();
    this.#reportDangling();
  }

  /** Notes the tags to be set; returns what they point to, and ever did. */
  async #chooseTags(tags: readonly TagLink[]): Promise<readonly Digest[]> {
    const { report, counts } = this.#options.tally;
    const digests: Digest[] = [];
    await forEach(tags, AT_ONCE, async (link) => {
      const known = this.#here.tags.get(link.tag);
      digests.push(link.digest);
      if (known?.digest === link.digest) counts.present.tags += 1;
      else if (known !== undefined && known.updateTime > link.time) {
        const reason = `it was set to ${known.digest} in Stowage after it was set to ${link.digest} in the tree`;
        this.#say({ kind: "newer-tag", level: "note", path: link.path, reason, tag: link.tag });
      } else {
        this.#tags.set(link.digest, [...(this.#tags.get(link.digest) ?? []), link]);
        digests.push(...(await readTagIndex(this.#place, link.tag, report)));
      }
    });
    return digests;
  }

  async #importBlobs(layers: readonly Digest[]): Promise<void> {
    const { tally, signal, verify } = this.#options;
    const { repository } = this.#place;
    await forEach(layers, AT_ONCE, async (digest) => {
      signal.throwIfAborted();
      if (!verify && this.#here.links.has(digest)) tally.counts.present.links += 1;
      else await this.#importBlob(digest);
      tally.progress(repository);
    });
  }

  async #importBlob(digest: Digest): Promise<void> {
    const { root, writer } = this.#options;
    const { repository } = this.#place;
    const path = linkOf(layersOf(this.#place.path), digest);
    const link = await readLink(path);
    if (link.kind === "none") return; // it was deleted
    if (link.kind === "broken")
      return this.#say({ kind: "broken-link", level: "problem", path, reason: link.reason, digest });
    try {
      // Another algorithm's digest has a link to the one that the bytes lie under.
      await writer.linkBlob({ repository, digest, source: blobData(root, link.digest) });
    } catch (error) {
      if (isGone(error)) this.#dangling.set(digest, path);
      else if (error instanceof RegistryError && error.code === "DIGEST_INVALID")
        this.#say({ kind: "wrong-bytes", level: "problem", path, reason: reasonOf(error), digest });
      else if (isSystem(error)) {
        const reason = `the bytes of ${link.digest} cannot be read: ${reasonOf(error)}`;
        this.#say({ kind: "unreadable", level: "problem", path, reason, digest });
      } else throw error;
    }
  }

  /** Makes sure that the manifest is here with its tags. False: that cannot be; why was reported. */
  #manifest(digest: Digest): Promise<boolean> {
    const known = this.#manifests.get(digest) ?? this.#importManifest(digest);
    this.#manifests.set(digest, known);
    return known;
  }

  async #importManifest(digest: Digest): Promise<boolean> {
    const { root, tally, verify } = this.#options;
    const tags = this.#tags.get(digest) ?? [];
    const isHere = this.#here.manifests.has(digest);
    if (isHere) {
      tally.counts.present.manifests += 1;
      if (verify) await this.#verifyManifest(digest);
    }
    if (isHere && tags.length === 0) return true;
    const manifest = await readTreeManifest(root, this.#place, digest, tally.report);
    if (manifest === undefined) return false;
    for (const { digest: named } of manifest.parsed.blobs) this.#needed.add(named);
    const missing = await this.#importMembers(manifest);
    if (!(await this.#put(manifest, tags))) return false;
    if (!isHere) tally.counts.manifests += 1;
    tally.counts.tags += tags.length;
    tally.progress(this.#place.repository);
    if (missing.length > 0) {
      const reason = `the index was imported without ${missing.join(", ")}`;
      this.#say({ kind: "sparse-index", level: "problem", path: manifest.path, reason, digest });
    }
    return true;
  }

  /** Where its bytes are not what they should be, the tree's take their place. */
  async #verifyManifest(digest: Digest): Promise<void> {
    const { root, writer } = this.#options;
    try {
      await writer.verify(digest, blobData(root, digest));
    } catch (error) {
      this.#options.signal.throwIfAborted();
      const path = linkOf(revisionsOf(this.#place.path), digest);
      const reason = `the manifest is damaged here, and the tree has no better one: ${reasonOf(error)}`;
      this.#say({ kind: "wrong-bytes", level: "problem", path, reason, digest });
    }
  }

  /** The members of an index come first. Returns those that cannot be had. */
  async #importMembers({ parsed }: TreeManifest): Promise<readonly Digest[]> {
    const missing: Digest[] = [];
    await forEach(new Set(parsed.manifests.map(({ digest }) => digest)), MEMBERS_AT_ONCE, async (member) => {
      if (!(await this.#manifest(member))) missing.push(member);
    });
    return missing;
  }

  async #put(manifest: TreeManifest, tags: readonly TagLink[]): Promise<boolean> {
    const { writer, forms } = this.#options;
    const { repository } = this.#place;
    const tagTimes = new Map<Tag, number>(tags.map(({ tag, time }) => [tag, time]));
    try {
      const form = await forms.read(this.#place, manifest);
      await writer.putManifest({ repository, manifest, form, tagTimes });
      return true;
    } catch (error) {
      if (!(error instanceof RegistryError) || !REFUSALS.has(error.code)) throw error;
      const { path, digest } = manifest;
      const reason = error.problems.map(({ message }) => message).join("; ");
      this.#say({ kind: "manifest", level: "problem", path, reason, digest });
      return false;
    }
  }

  /** Who pulls a tag should know that it is not here, whatever was reported about its manifest. */
  async #reportTags(): Promise<void> {
    for (const [digest, links] of this.#tags) {
      if (await this.#manifest(digest)) continue;
      for (const { tag, path } of links) {
        const reason = `the tag was left out: ${digest}, to which it points, was not imported`;
        this.#say({ kind: "tag", level: "problem", path, reason, tag, digest });
      }
    }
  }

  /** The old registry's garbage collection leaves links behind, which nobody misses. */
  #reportDangling(): void {
    for (const [digest, path] of this.#dangling) {
      const level = this.#needed.has(digest) ? "problem" : "note";
      this.#say({
        kind: "dangling-link",
        level,
        path,
        reason: `the bytes of ${digest} are not there`,
        digest,
      });
    }
  }

  async #reportUploads(): Promise<void> {
    const path = uploadsOf(this.#place.path);
    const { length } = await directoriesIn(path, this.#options.tally.report);
    if (length === 0) return;
    const reason = `${length} unfinished ${length === 1 ? "upload was" : "uploads were"} left out`;
    this.#say({ kind: "upload", level: "note", path, reason });
  }

  #say(finding: Omit<Finding, "repository">): void {
    this.#options.tally.report({ ...finding, repository: this.#place.repository });
  }
}

/** What is wrong with one manifest, not with all that could be put. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...["MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNVERIFIED", "NAME_INVALID", "DIGEST_INVALID"],
]);

/** An error of the system's about one file. */
function isSystem(error: unknown): boolean {
  return error instanceof Error && !(error instanceof RegistryError) && "code" in error;
}
