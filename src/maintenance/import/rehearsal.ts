// An import that only tells what it would do: files are looked at, not read, and
// nothing is changed.
import { stat } from "node:fs/promises";
import { blobKey, linkKey } from "../../metadata/keys.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/errors.ts";
import type { Tally } from "./tally.ts";
import type { BlobSource, ManifestToImport, Writer } from "./writer.ts";

export interface RehearsalOptions {
  readonly metadata: MetadataStore;
  readonly tally: Tally;
  /** Whether blobs would be hard links. */
  readonly wouldLink: boolean;
}

export class Rehearsal implements Writer {
  readonly #options: RehearsalOptions;
  readonly #blobs = new Set<Digest>();
  readonly #links = new Set<string>();

  constructor(options: RehearsalOptions) {
    this.#options = options;
  }

  async linkBlob({ repository, digest, source }: BlobSource): Promise<void> {
    const { metadata, tally, wouldLink } = this.#options;
    const { size } = await stat(source);
    this.#links.add(linkKey(repository, digest).text);
    tally.counts.links += 1;
    const known = await metadata.get(blobKey(digest));
    if (this.#blobs.has(digest) || (known !== undefined && known.damageTime === undefined)) return;
    this.#blobs.add(digest);
    const how = wouldLink ? "linked" : "copied";
    tally.counts.blobs[how] += 1;
    tally.counts.bytes[how] += size;
  }

  async verify(): Promise<void> {}

  async putManifest({ repository, manifest }: ManifestToImport): Promise<void> {
    for (const { digest } of manifest.parsed.blobs) {
      const key = linkKey(repository, digest);
      if (this.#links.has(key.text) || (await this.#options.metadata.get(key)) !== undefined) continue;
      const message = `${digest} is not in repository "${repository}"`;
      throw new RegistryError("MANIFEST_BLOB_UNKNOWN", { repository, digest }, { message });
    }
  }
}
