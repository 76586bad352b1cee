// Reads a blob as it lies in the cellar and says whether it is what its digest says.
import type { BlobStore } from "../blobs/blob-store.ts";
import { type Digest, Digester, digestAlgorithm } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";

/** What lies in a blob's place, and is a directory or the like. */
export const NO_FILE = "is not a file";

const REFUSALS = ["EACCES", "EPERM", "ELOOP"];

/** What was read. */
export interface StoredBytes {
  /** The digest of what lies there. Undefined: nothing does, or the disk could not read it. */
  readonly digest: Digest | undefined;
  /** How many bytes were read. */
  readonly size: number;
  /** Why there is no digest. */
  readonly problem?: string;
  /** True: the file is there, and may be good, and this process is not let at it. */
  readonly refused?: boolean;
}

/** Hashes the blob; `onBytes` is called with the size of each chunk, and may wait. Throws when the signal is aborted. */
export async function hashStored(
  blobs: BlobStore,
  digest: Digest,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (size: number) => Promise<void> },
): Promise<StoredBytes> {
  const digester = new Digester(digestAlgorithm(digest));
  let size = 0;
  try {
    const lying = await blobs.inspect(digest);
    if (lying?.isFile === false) return { digest: undefined, size, problem: NO_FILE }; // a pipe would never end
    for await (const chunk of blobs.readStored(digest, signal)) {
      digester.update(chunk);
      size += chunk.length;
      await onBytes?.(chunk.length);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RegistryError && error.code === "BLOB_UNKNOWN")
      return { digest: undefined, size, problem: "its bytes are gone" };
    if (isUnreadable(error)) return { digest: undefined, size, problem: "the disk cannot read its bytes" };
    const problem = refusalOf(error);
    if (problem !== undefined) return { digest: undefined, size, problem, refused: true };
    throw error;
  }
  return { digest: digester.digest(), size };
}

/** Says why this process cannot get at the file, where it is for the operator to let it. */
export function refusalOf(error: unknown): string | undefined {
  const code = systemCode(error);
  return code !== undefined && REFUSALS.includes(code) ? `cannot be opened: ${code}` : undefined;
}

/** A sector that is lost reads as EIO; other failures, such as too many open files, say nothing of the blob. */
function isUnreadable(error: unknown): boolean {
  return systemCode(error) === "EIO";
}

function systemCode(error: unknown): string | undefined {
  const cause = error instanceof RegistryError ? error.cause : error;
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
