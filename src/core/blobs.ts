// Blobs as a repository sees them: through links. A link is made by pushing or by
// mounting; removing it leaves the bytes to the sweeper.
import type { ByteRange } from "../blobs/blob-store.ts";
import { namedKey } from "../metadata/keeping-keys.ts";
import { blobKey, linkKey } from "../metadata/keys.ts";
import { transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { OCTET_STREAM } from "../oci/media-types.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import { demandUnneeded } from "./in-use.ts";
import type { Origin } from "./origin.ts";
import { ensureLink, isStale, removeLink, renewLink } from "./references.ts";
import { ensureRepository } from "./repositories.ts";

export interface MountRequest {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Who has it now. Absent: anybody. */
  readonly from?: RepositoryName;
}

export function blobDescriptor(digest: Digest, size: number): Descriptor {
  return { mediaType: OCTET_STREAM, digest, size };
}

export function blobUnknown(repository: RepositoryName | undefined, digest: Digest): RegistryError {
  const where = repository === undefined ? "this registry" : `repository "${repository}"`;
  const metadata = repository === undefined ? { digest } : { repository, digest };
  return new RegistryError("BLOB_UNKNOWN", metadata, { message: `blob ${digest} is not in ${where}` });
}

/** Throws UNSUPPORTED while deleting is switched off. */
export function demandDelete(context: CoreContext): void {
  if (context.options.deleteEnabled) return;
  const message = "deleting is switched off; storage.delete.enabled allows it";
  throw new RegistryError("UNSUPPORTED", {}, { message });
}

export class Blobs {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** Who is told that a blob is here may rely on it for a while, be it needed or not. Throws BLOB_UNKNOWN. */
  async stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    const { metadata } = this.#context;
    const [link, blob] = await Promise.all([
      metadata.get(linkKey(repository, digest)),
      metadata.get(blobKey(digest)),
    ]);
    // Without its bytes, a push is to bring the blob again.
    if (link === undefined || blob === undefined || blob.damageTime !== undefined)
      throw blobUnknown(repository, digest);
    if (isStale(this.#context, link)) await this.#lease(repository, digest);
    return blobDescriptor(digest, link.size);
  }

  /** The bytes of a blob that was found by stat. Throws RANGE_INVALID for an offset behind the end. */
  read(descriptor: Descriptor, range: ByteRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const { digest, size } = descriptor;
    if (range.offset <= size) return this.#context.blobs.read(digest, range, signal);
    const message = `offset ${range.offset} is past the end of blob ${digest}, which has ${size} bytes`;
    throw new RegistryError("RANGE_INVALID", { digest, size: String(size) }, { message });
  }

  /** Links a blob that is here already. Throws BLOB_UNKNOWN when it is not, or not where it is said to be. */
  async mount({ repository, digest, from }: MountRequest, origin: Origin): Promise<Descriptor> {
    const context = this.#context;
    return transact(context.metadata, async (transaction) => {
      const blob = await transaction.get(blobKey(digest));
      const isThere = from === undefined || (await transaction.get(linkKey(from, digest))) !== undefined;
      if (blob === undefined || blob.damageTime !== undefined || !isThere) throw blobUnknown(from, digest);
      const descriptor = blobDescriptor(digest, blob.size);
      await ensureRepository(context, transaction, origin, repository);
      const isNew = await ensureLink(context, transaction, { repository, digest }, blob.size);
      if (!isNew) return descriptor;
      const fact = {
        kind: "blob_mounted",
        descriptor,
        ...(from !== undefined && { fromRepository: from }),
      } as const;
      context.listener.changed(transaction, origin, repository, fact);
      return descriptor;
    });
  }

  /** Removes the link. Throws BLOB_UNKNOWN, UNSUPPORTED, and BLOB_IN_USE while a manifest of the repository needs it. */
  async delete(repository: RepositoryName, digest: Digest, origin: Origin): Promise<void> {
    const context = this.#context;
    demandDelete(context);
    await transact(context.metadata, async (transaction) => {
      const link = await transaction.get(linkKey(repository, digest));
      if (link === undefined) throw blobUnknown(repository, digest);
      await demandUnneeded(context, transaction, { repository, digest }, "BLOB_IN_USE");
      removeLink(context, transaction, { repository, digest }, context.options.graceMs);
      const descriptor = blobDescriptor(digest, link.size);
      context.listener.changed(transaction, origin, repository, { kind: "blob_deleted", descriptor });
    });
  }

  /** What no manifest names would be swept: whoever asks for it gets it for a whole grace time again. */
  async #lease(repository: RepositoryName, digest: Digest): Promise<void> {
    const context = this.#context;
    const { metadata, options } = context;
    if (options.readOnly || (await metadata.get(namedKey(repository, digest))) !== undefined) return;
    await transact(metadata, async (transaction) => {
      const link = await transaction.get(linkKey(repository, digest));
      if (link === undefined) throw blobUnknown(repository, digest);
      if (isStale(context, link)) renewLink(context, transaction, { repository, digest }, link);
    });
  }
}
