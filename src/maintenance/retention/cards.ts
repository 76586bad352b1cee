// Reading the catalogue as it was at one moment, past the records in memory: a run
// looks at everything once, and others should not lose what they use for that.
import type { BlobStore } from "../../blobs/blob-store.ts";
import { digestsNamedBy } from "../../core/references.ts";
import { holdersIn } from "../../metadata/keeping-keys.ts";
import { contentKey, type Key, manifestKey, type Prefix, referrersOf } from "../../metadata/keys.ts";
import type { Entry, MetadataSnapshot } from "../../metadata/metadata-store.ts";
import type { ManifestRecord } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import { type ParsedManifest, parseManifest } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/reference.ts";

/** How many entries are read at once. */
const BATCH = 1000;

/** What was read of so many manifests is remembered: steps that follow each other ask for the same ones. */
const REMEMBERED = 256;

/** What a manifest names. */
export interface NamedContent {
  /** All that it keeps, each once. */
  readonly digests: readonly Digest[];
  /** Of them, the members of an index. */
  readonly members: readonly Digest[];
  /** The sizes of the others that must be here. */
  readonly sizes: ReadonlyMap<Digest, number>;
}

export class Cards {
  readonly #snapshot: MetadataSnapshot;
  readonly #blobs: BlobStore;
  readonly #signal: AbortSignal | undefined;
  readonly #manifests = new Map<string, Promise<ManifestRecord | undefined>>();
  readonly #named = new Map<Digest, Promise<NamedContent>>();

  /** Once the signal aborts, pages are read no more, and its reason is thrown. */
  constructor(snapshot: MetadataSnapshot, blobs: BlobStore, signal?: AbortSignal) {
    this.#snapshot = snapshot;
    this.#blobs = blobs;
    this.#signal = signal;
  }

  get<R>(key: Key<R>): Promise<R | undefined> {
    return this.#snapshot.get(key);
  }

  async *pages<R>(
    prefix: Prefix<R>,
    { namesOnly = false } = {},
  ): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    let after: string | undefined;
    do {
      this.#signal?.throwIfAborted();
      const start = after === undefined ? {} : { after };
      const entries = await this.#snapshot.page(prefix, { limit: BATCH, namesOnly, ...start });
      yield entries;
      after = entries.length < BATCH ? undefined : entries.at(-1)?.name;
    } while (after !== undefined);
  }

  manifest(repository: RepositoryName, digest: Digest): Promise<ManifestRecord | undefined> {
    const key = manifestKey(repository, digest);
    return remembered(this.#manifests, key.text, () => this.get(key));
  }

  /** The live manifests of the repository that name it, itself excepted. */
  async *parents(repository: RepositoryName, digest: Digest): AsyncGenerator<Digest, void, undefined> {
    for await (const entries of this.pages(holdersIn(digest, repository), { namesOnly: true })) {
      for (const { name } of entries) {
        const parent = name as Digest; // a digest was written there; empty for the link
        if (parent === "" || parent === digest) continue;
        if ((await this.manifest(repository, parent)) !== undefined) yield parent;
      }
    }
  }

  /** The manifests that point at it, of which some may not be here. */
  async *referrers(repository: RepositoryName, subject: Digest): AsyncGenerator<Digest, void, undefined> {
    for await (const entries of this.pages(referrersOf(repository, subject), { namesOnly: true }))
      for (const { name } of entries) yield name as Digest; // a digest was written there
  }

  /** What the manifest names; nothing where its bytes are gone or cannot be read any more. */
  named(digest: Digest, card: ManifestRecord): Promise<NamedContent> {
    return remembered(this.#named, digest, () => this.#read(digest, card));
  }

  async #read(digest: Digest, { mediaType, signed }: ManifestRecord): Promise<NamedContent> {
    const parsed = await this.#parse(digest, mediaType);
    const extra = signed === undefined ? [] : [signed.digest];
    if (parsed === undefined) return { digests: extra, members: [], sizes: new Map() };
    return {
      digests: [...new Set([...digestsNamedBy(parsed), ...extra])].filter((other) => other !== digest),
      members: [...new Set(parsed.manifests.map((member) => member.digest))],
      sizes: new Map(parsed.blobs.map(({ digest: blob, size = 0 }) => [blob, size])), // schema 1 names no sizes
    };
  }

  async #parse(digest: Digest, mediaType: string): Promise<ParsedManifest | undefined> {
    const content = (await this.get(contentKey(digest))) ?? (await this.#blobs.get(digest));
    if (content === undefined) return undefined;
    try {
      return parseManifest(content, mediaType);
    } catch {
      return undefined; // it was accepted once, by other rules; what it names is counted all the same
    }
  }
}

function remembered<K, V>(memory: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const value = read();
  memory.set(key, value);
  if (memory.size > REMEMBERED) for (const oldest of memory.keys().take(1)) memory.delete(oldest);
  return value;
}
