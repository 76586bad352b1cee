// What an import does with what it has read: it goes through the same rules as a
// push, so that holders, counters and events are right.
import type { BlobAdopter } from "../../blobs/blob-adopter.ts";
import { linkAdopted } from "../../core/adopted-blobs.ts";
import type { CoreContext } from "../../core/context.ts";
import type { Core } from "../../core/core.ts";
import { NOBODY } from "../../core/origin.ts";
import { blobKey } from "../../metadata/keys.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";
import type { ServedForm } from "./signed-form.ts";
import type { Tally } from "./tally.ts";
import type { TreeManifest } from "./tree-manifests.ts";

/** A blob in the tree. */
export interface BlobSource {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** The file with its bytes. */
  readonly source: string;
}

/** A manifest to be stored, with the tags to be set and when they were set in the tree. */
export interface ManifestToImport {
  readonly repository: RepositoryName;
  readonly manifest: TreeManifest;
  readonly form: ServedForm;
  readonly tagTimes: ReadonlyMap<Tag, number>;
}

export interface Writer {
  /** Throws DIGEST_INVALID when the file is something else, and the system's error when it cannot be read. */
  linkBlob(blob: BlobSource): Promise<void>;
  /** Reads what is here again, and replaces it by the file when it is wrong. Throws as linkBlob. */
  verify(digest: Digest, source: string): Promise<void>;
  /** Throws what Manifests.put throws. */
  putManifest(manifest: ManifestToImport): Promise<void>;
}

export interface ImportWriterOptions {
  readonly core: Core;
  readonly context: CoreContext;
  readonly adopter: BlobAdopter;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** True: blobs are never hard links. */
  readonly copy: boolean;
  /** True: blobs that are here are read again. */
  readonly verify: boolean;
}

export class ImportWriter implements Writer {
  readonly #options: ImportWriterOptions;
  /** Many repositories link the same blob: it is read once. With `verify` all are kept, else those under way. */
  readonly #placed = new Map<Digest, Promise<number>>();

  constructor(options: ImportWriterOptions) {
    this.#options = options;
  }

  async linkBlob({ repository, digest, source }: BlobSource): Promise<void> {
    const { context, tally } = this.#options;
    const place = () => this.#place(digest, source);
    const isNew = await linkAdopted(context, { repository, digest }, place, NOBODY);
    if (isNew) tally.counts.links += 1;
    else tally.counts.present.links += 1;
  }

  async verify(digest: Digest, source: string): Promise<void> {
    const { adopter, signal } = this.#options;
    await adopter.adopt({ source, digest, copy: true, verify: true, signal });
  }

  async putManifest({ repository, manifest, form, tagTimes }: ManifestToImport): Promise<void> {
    const { core } = this.#options;
    const { digest, time } = manifest;
    const tags = [...tagTimes.keys()];
    await core.manifests.put({ repository, digest, tags, ...form, elsewhere: { time, tagTimes } }, NOBODY);
  }

  /** Bytes whose card is here were read when they came. */
  async #place(digest: Digest, source: string): Promise<number> {
    const { context, verify } = this.#options;
    const known = verify ? undefined : await context.metadata.get(blobKey(digest));
    if (known !== undefined && known.damageTime === undefined) return known.size;
    const placed = this.#placed.get(digest) ?? this.#adopt(digest, source);
    this.#placed.set(digest, placed);
    try {
      return await placed;
    } finally {
      if (!verify) this.#placed.delete(digest);
    }
  }

  async #adopt(digest: Digest, source: string): Promise<number> {
    const { adopter, copy, verify, tally, signal } = this.#options;
    const { size, how } = await adopter.adopt({ source, digest, copy, verify, signal });
    tally.counts.blobs[how] += 1;
    if (how !== "present") tally.counts.bytes[how] += size;
    return size;
  }
}
