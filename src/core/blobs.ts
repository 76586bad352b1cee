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
import { BlobUnreadable, markLost } from "./damage.ts";
import { demandUnneeded } from "./in-use.ts";
import type { Origin } from "./origin.ts";
import { ensureLink, isStale, removeLink, renewLink } from "./references.ts";
import { ensureRepository } from "./repositories.ts";
import { transactCounted } from "./usage.ts";

export interface MountRequest {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Who has it now. Absent: anybody. */
  readonly from?: RepositoryName;
}

/** A blob that is being read. */
export interface OpenBlob {
  readonly first: IteratorResult<Uint8Array>;
  /** What comes behind the first chunk, which is valid until this is asked. */
  readonly rest: AsyncIterator<Uint8Array>;
}

export function blobDescriptor(digest: Digest, size: number): Descriptor {
  return { mediaType: OCTET_STREAM, digest, size };
}

/** What lies behind it, for the log: absent where that is nobody's fault. */
export function blobUnknown(
  repository: RepositoryName | undefined,
  digest: Digest,
  cause?: BlobUnreadable,
): RegistryError {
  const where = repository === undefined ? "this registry" : `repository "${repository}"`;
  const metadata = repository === undefined ? { digest } : { repository, digest };
  const message = `blob ${digest} is not in ${where}`;
  return new RegistryError("BLOB_UNKNOWN", metadata, { message, ...(cause !== undefined && { cause }) });
}

/** Throws UNSUPPORTED while deleting is switched off. */
export function demandDelete(context: CoreContext): void {
  if (context.options.deleteEnabled) return;
  const message = "deleting is switched off; storage.delete.enabled allows it";
  throw new RegistryError("UNSUPPORTED", {}, { message });
}

function pastEnd({ digest, size }: Descriptor, { offset }: ByteRange): RegistryError {
  const message = `offset ${offset} is past the end of blob ${digest}, which has ${size} bytes`;
  return new RegistryError("RANGE_INVALID", { digest, size: String(size) }, { message });
}

/** A system's error by its code, as its message has a path. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RegistryError && error.cause !== undefined) return reasonOf(error.cause);
  return "syscall" in error && "code" in error ? `${error.syscall} failed with ${error.code}` : error.message;
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

  /**
   * The bytes of a blob that was found by stat, with the first of them at hand. The caller ends `rest`. Throws
   * RANGE_INVALID for an offset behind the end, and BLOB_UNKNOWN, also from now on, when the bytes are gone or too few.
   */
  async open(
    repository: RepositoryName,
    descriptor: Descriptor,
    range: ByteRange,
    signal: AbortSignal,
  ): Promise<OpenBlob> {
    const { digest, size } = descriptor;
    const { blobs } = this.#context;
    if (range.offset > size) throw pastEnd(descriptor, range);
    const rest = blobs.read(digest, { ...range, size }, signal)[Symbol.asyncIterator]();
    try {
      return { first: await rest.next(), rest };
    } catch (error) {
      signal.throwIfAborted();
      throw await this.#unreadable(repository, descriptor, error);
    }
  }

  /**
   * Links a blob that is here already. Throws BLOB_UNKNOWN when it is not, or not where it is said to be, and DENIED
   * when it does not fit into a quota.
   */
  async mount({ repository, digest, from }: MountRequest, origin: Origin): Promise<Descriptor> {
    const context = this.#context;
    return transactCounted(context, async (transaction) => {
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
      await removeLink(context, transaction, { repository, digest }, context.options.graceMs);
      const descriptor = blobDescriptor(digest, link.size);
      context.listener.changed(transaction, origin, repository, { kind: "blob_deleted", descriptor });
    });
  }

  /** What to tell of a blob that could not be opened; with a cause where the operator has to know of it. */
  async #unreadable(repository: RepositoryName, descriptor: Descriptor, error: unknown): Promise<unknown> {
    const { digest } = descriptor;
    if (error instanceof RegistryError && error.code === "BLOB_UNKNOWN") {
      const cause = await markLost(this.#context, descriptor);
      return blobUnknown(repository, digest, cause);
    }
    const code = error instanceof RegistryError ? error.code : "UNAVAILABLE";
    const cause = new BlobUnreadable(`blob ${digest} cannot be read: ${reasonOf(error)}`);
    return new RegistryError(code, {}, { cause });
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
