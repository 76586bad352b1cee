// Blobs as a repository sees them: through links. A link is made by pushing or by
// mounting; removing it leaves the bytes to the sweeper.
import type { ByteRange } from "../blobs/blob-store.ts";
import { blobKey, linkKey } from "../metadata/keys.ts";
import { transact } from "../metadata/transaction.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { OCTET_STREAM } from "../oci/media-types.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { CoreContext } from "./context.ts";
import type { Origin } from "./origin.ts";
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

  /** Throws BLOB_UNKNOWN. */
  async stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    const link = await this.#context.metadata.get(linkKey(repository, digest));
    if (link === undefined) throw blobUnknown(repository, digest);
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
      const source = await transaction.get(from === undefined ? blobKey(digest) : linkKey(from, digest));
      if (source === undefined) throw blobUnknown(from, digest);
      const descriptor = blobDescriptor(digest, source.size);
      const key = linkKey(repository, digest);
      if ((await transaction.get(key)) !== undefined) return descriptor;
      await ensureRepository(context, transaction, origin, repository);
      transaction.put(key, { size: source.size, createTime: context.now() });
      const fact = {
        kind: "blob_mounted",
        descriptor,
        ...(from !== undefined && { fromRepository: from }),
      } as const;
      context.listener.changed(transaction, origin, repository, fact);
      return descriptor;
    });
  }

  /** Removes the link. Throws BLOB_UNKNOWN, UNSUPPORTED. */
  async delete(repository: RepositoryName, digest: Digest, origin: Origin): Promise<void> {
    const context = this.#context;
    demandDelete(context);
    await transact(context.metadata, async (transaction) => {
      const key = linkKey(repository, digest);
      const link = await transaction.get(key);
      if (link === undefined) throw blobUnknown(repository, digest);
      transaction.remove(key);
      const descriptor = blobDescriptor(digest, link.size);
      context.listener.changed(transaction, origin, repository, { kind: "blob_deleted", descriptor });
    });
  }
}
