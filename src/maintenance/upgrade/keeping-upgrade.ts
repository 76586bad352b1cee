// From format 1 to 2: what holds each digest, the counters, and what is due are derived
// from the cards, which stay as they are.
import { NOTHING } from "../../core/references.ts";
import { type Due, dueKey } from "../../metadata/due.ts";
import { digestEntryOf } from "../../metadata/entry-names.ts";
import {
  contents,
  contentsKey,
  due,
  held,
  heldKey,
  holders,
  linkHolderKey,
  manifestHolderKey,
  named,
  namedKey,
  openUploads,
  openUploadsKey,
  untaggedKey,
} from "../../metadata/keeping-keys.ts";
import {
  blobs as allBlobs,
  links,
  manifests,
  type Prefix,
  tagsOfManifest,
  uploads,
} from "../../metadata/keys.ts";
import { add, type MetadataStore, put } from "../../metadata/metadata-store.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { holderGroups } from "../holder-groups.ts";
import { merge } from "../merge.ts";
import { inspectManifest, namedBy } from "../stored-manifest.ts";
import { entries, inTurns, isThere, pages } from "../walk.ts";
import type { UpgradeRun } from "./upgrade-options.ts";

/** All that this derives. */
const DERIVED: readonly Prefix<unknown>[] = [holders, held, named, contents, openUploads, due];

export class KeepingUpgrade {
  readonly #run: UpgradeRun;
  readonly #metadata: MetadataStore;
  readonly #time: number;
  /** Repositories whose links are kept until somebody has looked: what some manifest names is not known. */
  readonly #unreadable = new Set<RepositoryName>();

  constructor(run: UpgradeRun) {
    this.#run = run;
    this.#metadata = run.options.metadata;
    this.#time = run.options.now();
  }

  async upgrade(): Promise<void> {
    const run = this.#run;
    await run.step("removing what an upgrade before left", () => run.clear(DERIVED));
    await run.step("upgrading links", () => this.#links());
    await run.step("upgrading manifests", () => this.#manifests());
    await run.step("upgrading counters", () => this.#counters());
    await run.step("upgrading upload sessions", () => this.#uploads());
    await run.step("listing blobs that nothing uses", () => this.#unheldBlobs());
    await run.step("listing blobs that no manifest names", () => this.#unnamedLinks());
    await run.step("marking untagged manifests", () => this.#untagged());
  }

  async #links(): Promise<number> {
    return this.#run.count(links, async (name) => {
      const { repository, digest } = digestEntryOf(name);
      return [put(linkHolderKey(digest, repository), NOTHING), add(contentsKey(repository), 1)];
    });
  }

  async #manifests(): Promise<number> {
    return this.#run.count(manifests, async (name, record) => {
      const { repository, digest } = digestEntryOf(name);
      const others = await this.#namedBy(repository, digest, record);
      const kept = new Set([digest, ...others]);
      const entriesOfIt = [...kept].map((other) =>
        put(manifestHolderKey(other, repository, digest), NOTHING),
      );
      return [...entriesOfIt, add(contentsKey(repository), 1)];
    });
  }

  async #namedBy(
    repository: RepositoryName,
    digest: Digest,
    record: ManifestRecord,
  ): Promise<readonly Digest[]> {
    const { blobs, warn } = this.#run.options;
    const stored = await inspectManifest(this.#metadata, blobs, digest, record.mediaType);
    const others = namedBy(stored, record);
    if (others !== undefined) return others;
    this.#unreadable.add(repository);
    warn(
      { repository, digest, reason: stored.problem },
      "a manifest cannot be read: blobs of its repository stay until fsck finds it pushed again or deleted",
    );
    return [];
  }

  async #counters(): Promise<number> {
    let count = 0;
    for await (const { name: digest, held: number, named: repositories } of holderGroups(this.#metadata)) {
      await this.#run.change(put(heldKey(digest), number));
      for (const [repository, manifestCount] of repositories)
        await this.#run.change(put(namedKey(repository, digest), manifestCount));
      count += 1;
    }
    return count;
  }

  async #uploads(): Promise<number> {
    return this.#run.count(uploads, async (_id, { repository }) => [add(openUploadsKey(repository), 1)]);
  }

  async #unheldBlobs(): Promise<number> {
    let count = 0;
    const reader = this.#metadata;
    for await (const { name, left, right } of merge(entries(reader, allBlobs), entries(reader, held))) {
      if (left === undefined || right !== undefined) continue;
      await this.#due({ kind: "blob", digest: name as Digest }); // blobs are named by their digests
      count += 1;
    }
    return count;
  }

  async #unnamedLinks(): Promise<number> {
    let count = 0;
    const reader = this.#metadata;
    for await (const { name, left, right } of merge(entries(reader, links), entries(reader, named))) {
      const { repository, digest } = digestEntryOf(name);
      if (left === undefined || right !== undefined || this.#unreadable.has(repository)) continue;
      await this.#due({ kind: "link", repository, digest });
      count += 1;
    }
    return count;
  }

  /** When it lost its last tag nobody wrote down: it counts from now. Members and referrers never needed one. */
  async #untagged(): Promise<number> {
    let count = 0;
    for await (const page of pages(this.#metadata, manifests)) {
      const marks = await inTurns(page, async ({ name, record }) => {
        const { repository, digest } = digestEntryOf(name);
        if (record.subject !== undefined || (await isThere(this.#metadata, namedKey(repository, digest))))
          return undefined;
        const [tag] = await this.#metadata.page(tagsOfManifest(repository, digest), {
          limit: 1,
          namesOnly: true,
        });
        return tag === undefined ? put(untaggedKey(repository, digest), { time: this.#time }) : undefined;
      });
      for (const mark of marks) if (mark !== undefined) await this.#run.change(mark);
      count += marks.filter((mark) => mark !== undefined).length;
    }
    return count;
  }

  #due(what: Due): Promise<void> {
    return this.#run.change(put(dueKey({ time: this.#time + this.#run.options.graceMs, what }), NOTHING));
  }
}
