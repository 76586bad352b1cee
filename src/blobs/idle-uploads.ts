// Upload files that are open while nobody writes, so that the next request of the
// upload finds them with their digest. The longest idle one is closed when there are many.
import type { UploadFile } from "./upload-file.ts";

const MAX_IDLE = 256;

export class IdleUploads {
  readonly #files = new Map<string, UploadFile>();
  #closed = false;

  get(id: string): UploadFile | undefined {
    return this.#files.get(id);
  }

  /** Hands the file over. */
  take(id: string): UploadFile | undefined {
    const file = this.#files.get(id);
    this.#files.delete(id);
    return file;
  }

  /** Keeps the file, perhaps in place of another. */
  async keep(id: string, file: UploadFile): Promise<void> {
    if (this.#closed) return file.close();
    this.#files.set(id, file);
    if (this.#files.size <= MAX_IDLE) return;
    for (const oldest of this.#files.keys()) return this.take(oldest)?.close();
  }

  /** Closes all files, and from now on those that come. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const id of [...this.#files.keys()]) await this.take(id)?.close();
  }
}
