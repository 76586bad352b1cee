// One hand per upload. Who comes second is told so at once, and does not wait.
import { RegistryError } from "../oci/errors.ts";

export class UploadLock {
  readonly #heldSince = new Map<string, number>();
  readonly #now: () => number;

  /** The clock gives milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True: somebody holds it now. */
  isHeld(id: string): boolean {
    return this.#heldSince.has(id);
  }

  /** Holds the upload while the work lasts. Throws BLOB_UPLOAD_INVALID when somebody else does. */
  async hold<T>(id: string, work: () => Promise<T>): Promise<T> {
    const since = this.#heldSince.get(id);
    if (since !== undefined) throw uploadHeld(id, new Date(since).toISOString());
    this.#heldSince.set(id, this.#now());
    try {
      return await work();
    } finally {
      this.#heldSince.delete(id);
    }
  }
}

function uploadHeld(id: string, since: string): RegistryError {
  const message = `upload ${id} is in use by another request since ${since}`;
  return new RegistryError("BLOB_UPLOAD_INVALID", { upload: id, since }, { message });
}
