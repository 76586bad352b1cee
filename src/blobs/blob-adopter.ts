// Takes over files that another registry wrote. Nothing is believed: each file is
// read through before it becomes a blob, and from then on it is one of ours.
import { stat } from "node:fs/promises";
import { type Digest, digestAlgorithm } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import { AdoptionThreads, type HashedFile } from "./adoption-threads.ts";
import type { BlobShelf } from "./blob-shelf.ts";
import { unlinkPath } from "./file-io.ts";

export interface Adoption {
  /** The file that is said to be the blob. */
  readonly source: string;
  readonly digest: Digest;
  /** True: a copy, even where a hard link could be made. */
  readonly copy: boolean;
  /** True: what is here already is read too, and replaced when it is wrong. */
  readonly verify: boolean;
  /** No file is begun after it; close breaks off those that are. */
  readonly signal?: AbortSignal;
}

export interface Adopted {
  /** In bytes. */
  readonly size: number;
  /** present: it was here before. */
  readonly how: "linked" | "copied" | "present";
}

export class BlobAdopter {
  readonly #shelf: BlobShelf;
  readonly #threads = new AdoptionThreads();

  /** Made by openFilesystemStores. */
  constructor(shelf: BlobShelf) {
    this.#shelf = shelf;
  }

  /**
   * Makes the file a blob; durable when it resolves. What is here with the size of the file was read when it came and
   * is not read again, unless that is asked for. Throws DIGEST_INVALID when the file is something else, and the
   * system's error when it cannot be read: ENOENT, when it is gone. INSUFFICIENT_STORAGE: it cannot be kept.
   */
  async adopt(adoption: Adoption): Promise<Adopted> {
    const present = await this.#present(adoption);
    if (present !== undefined) {
      await this.#shelf.sync(adoption.digest);
      return { size: present, how: "present" };
    }
    const { source, digest, copy } = adoption;
    const path = this.#shelf.newTemporaryPath();
    try {
      adoption.signal?.throwIfAborted();
      const file = await this.#threads.perform({ source, path, copy, algorithm: digestAlgorithm(digest) });
      demandDigest(digest, file);
      await this.#shelf.move({ path, digest, size: file.size });
      return { size: file.size, how: file.how };
    } finally {
      // Moved, it is gone; but not when it was moved onto a link of the same file.
      await unlinkPath(path).catch(() => undefined);
    }
  }

  /** Breaks off what is under way; the next start removes what that leaves. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  /** The size of what is here, if that will do. */
  async #present({ source, digest, verify, signal }: Adoption): Promise<number | undefined> {
    const size = await this.#shelf.stat(digest);
    if (size === undefined) return undefined;
    if (!verify) return (await stat(source)).size === size ? size : undefined;
    const path = this.#shelf.pathOf(digest);
    signal?.throwIfAborted();
    const file = await this.#threads.perform({ path, copy: false, algorithm: digestAlgorithm(digest) });
    return digestOf(digest, file) === digest ? size : undefined;
  }
}

function digestOf(expected: Digest, { hex }: HashedFile): string {
  return `${digestAlgorithm(expected)}:${hex}`;
}

function demandDigest(digest: Digest, file: HashedFile): void {
  const actual = digestOf(digest, file);
  if (actual === digest) return;
  const message = `its ${file.size} bytes have the digest ${actual}`;
  throw new RegistryError("DIGEST_INVALID", { digest, actual }, { message });
}
