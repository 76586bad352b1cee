// How the journal waits: for time to pass, or for the log to go on; never longer than
// until it is closed.
import type { MetadataStore } from "../../metadata/metadata-store.ts";

export class JournalPauses {
  readonly #metadata: MetadataStore;
  readonly #signal: AbortSignal;
  #wake: () => void = () => {};

  constructor(metadata: MetadataStore, signal: AbortSignal) {
    this.#metadata = metadata;
    this.#signal = signal;
  }

  /** Ends a wait for events. */
  wake(): void {
    this.#wake();
  }

  /** Resolves after the time in milliseconds. Does not keep the process alive. */
  async pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const timer = setTimeout(end, ms);
    timer.unref();
    this.#signal.addEventListener("abort", end);
    if (this.#signal.aborted) end();
    await promise;
    clearTimeout(timer);
    this.#signal.removeEventListener("abort", end);
  }

  /** Resolves when the log has something behind the sequence, or when it is woken. */
  async waitBehind(sequence: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const stop = this.#metadata.onAppend(resolve);
    if (sequence < this.#metadata.lastSequence() || this.#signal.aborted) resolve();
    await promise;
    stop();
    this.#wake = () => {};
  }
}
