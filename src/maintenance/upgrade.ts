// Makes a catalogue of format 1 one of format 2: what holds each digest, the counters,
// and what is due are derived from the cards, which stay as they are. Until the last
// commit, which sets the format, it is one of format 1: after a crash this begins anew.
import type { BlobStore } from "../blobs/blob-store.ts";
import { NOTHING } from "../core/references.ts";
import { type Due, dueKey } from "../metadata/due.ts";
import { digestEntryOf } from "../metadata/entry-names.ts";
import { FORMAT, OLDER_FORMATS } from "../metadata/format.ts";
import {
  contents,
  contentsKey,
  due,
  formatKey,
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
} from "../metadata/keeping-keys.ts";
import {
  blobs as allBlobs,
  links,
  manifests,
  type Prefix,
  tagsOfManifest,
  uploads,
} from "../metadata/keys.ts";
import {
  add,
  type Change,
  expectRecord,
  type MetadataStore,
  put,
  remove,
} from "../metadata/metadata-store.ts";
import type { ManifestRecord } from "../metadata/records.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { holderGroups } from "./holder-groups.ts";
import { merge } from "./merge.ts";
import { inspectManifest, namedBy } from "./stored-manifest.ts";
import { entries, inTurns, isThere, namePages, pages } from "./walk.ts";

/** What one commit changes, about. */
const BATCH = 2000;

/** All that format 2 adds and this derives. */
const DERIVED: readonly Prefix<unknown>[] = [holders, held, named, contents, openUploads, due];

export interface UpgradeOptions {
  readonly metadata: MetadataStore;
  /** Where the bytes are of manifests that are too large to lie beside their cards. */
  readonly blobs: BlobStore;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** How long what no manifest names is kept from now on, in milliseconds. */
  readonly graceMs: number;
  /** False: it is not done, so that what needs it cannot be used. Absent: it is. */
  readonly mayUpgrade?: boolean;
  /** Told how it goes. */
  readonly tell: (facts: object, message: string) => void;
  /** Told of what is not as it should be. */
  readonly warn: (facts: object, message: string) => void;
}

/**
 * Upgrades the catalogue if it has an older format. True: it had. Nobody else may use it meanwhile. Throws an Error with
 * a message for the operator when it cannot be used as it is, and may not be changed.
 */
export async function upgradeCatalogue(options: UpgradeOptions): Promise<boolean> {
  const { metadata } = options;
  const stored = await metadata.get(formatKey);
  const format = stored === undefined ? FORMAT : Buffer.from(stored).toString();
  if (format === FORMAT) return false;
  if (!OLDER_FORMATS.includes(format))
    throw new Error(`a catalogue of format ${JSON.stringify(format)} is not known`);
  if (options.mayUpgrade === false) throw new Error(needsUpgrade(format));
  await new Upgrade(options).run();
  await metadata.commit({
    changes: [put(formatKey, Buffer.from(FORMAT))],
    expectations: [expectRecord(formatKey, stored)],
  });
  options.tell({ from: format, to: FORMAT }, "the catalogue has been upgraded");
  return true;
}

function needsUpgrade(format: string): string {
  return (
    `the catalogue has format ${JSON.stringify(format)} and has to be upgraded to ${JSON.stringify(FORMAT)} first, ` +
    "which older versions do not read: start the registry once (stowage serve), without storage.maintenance.readonly.enabled"
  );
}

class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #metadata: MetadataStore;
  readonly #time: number;
  #changes: Change[] = [];
  /** Repositories whose links are kept until somebody has looked: what some manifest names is not known. */
  readonly #unreadable = new Set<RepositoryName>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#metadata = options.metadata;
    this.#time = options.now();
  }

  async run(): Promise<void> {
    this.#options.tell({ to: FORMAT }, "the catalogue is being upgraded; do not switch off");
    await this.#step("removing what an upgrade before left", () => this.#clear());
    await this.#step("upgrading links", () => this.#links());
    await this.#step("upgrading manifests", () => this.#manifests());
    await this.#step("upgrading counters", () => this.#counters());
    await this.#step("upgrading upload sessions", () => this.#uploads());
    await this.#step("listing blobs that nothing uses", () => this.#unheldBlobs());
    await this.#step("listing blobs that no manifest names", () => this.#unnamedLinks());
    await this.#step("marking untagged manifests", () => this.#untagged());
  }

  async #step(message: string, work: () => Promise<number>): Promise<void> {
    const begun = performance.now();
    const done = await work();
    await this.#flush();
    this.#options.tell({ done, seconds: Math.round((performance.now() - begun) / 100) / 10 }, message);
  }

  async #clear(): Promise<number> {
    let count = 0;
    for (const prefix of DERIVED) {
      for await (const page of namePages(this.#metadata, prefix)) {
        for (const name of page) await this.#change(remove({ text: prefix.text + name }));
        count += page.length;
      }
    }
    return count;
  }

  async #links(): Promise<number> {
    return this.#count(links, async (name) => {
      const { repository, digest } = digestEntryOf(name);
      return [put(linkHolderKey(digest, repository), NOTHING), add(contentsKey(repository), 1)];
    });
  }

  async #manifests(): Promise<number> {
    return this.#count(manifests, async (name, record) => {
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
    const { blobs, warn } = this.#options;
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
      await this.#change(put(heldKey(digest), number));
      for (const [repository, manifestCount] of repositories)
        await this.#change(put(namedKey(repository, digest), manifestCount));
      count += 1;
    }
    return count;
  }

  async #uploads(): Promise<number> {
    return this.#count(uploads, async (_id, { repository }) => [add(openUploadsKey(repository), 1)]);
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
      for (const mark of marks) if (mark !== undefined) await this.#change(mark);
      count += marks.filter((mark) => mark !== undefined).length;
    }
    return count;
  }

  async #count<R>(
    prefix: Prefix<R>,
    changesFor: (name: string, record: R) => Promise<readonly Change[]>,
  ): Promise<number> {
    let count = 0;
    for await (const page of pages(this.#metadata, prefix)) {
      const changes = await inTurns(page, ({ name, record }) => changesFor(name, record));
      for (const change of changes.flat()) await this.#change(change);
      count += page.length;
    }
    return count;
  }

  #due(what: Due): Promise<void> {
    return this.#change(put(dueKey({ time: this.#time + this.#options.graceMs, what }), NOTHING));
  }

  async #change(change: Change): Promise<void> {
    this.#changes.push(change);
    if (this.#changes.length >= BATCH) await this.#flush();
  }

  async #flush(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) await this.#metadata.commit({ changes });
  }
}
