// A snapshot in the hands of a client. What is deleted while it is open keeps its
// place on the disk, so one that is not read on is taken back.
import type { MetadataSnapshot, MetadataStore } from "../metadata/metadata-store.ts";
import { RegistryError } from "../oci/errors.ts";

/** How long a client may take, in milliseconds. */
export interface SnapshotLimits {
  /** Over one step. */
  readonly stallMs: number;
  /** Over the whole. */
  readonly totalMs: number;
}

export const DEFAULT_SNAPSHOT_LIMITS: SnapshotLimits = { stallMs: 10 * 60_000, totalMs: 60 * 60_000 };

/** How often it is looked at while a client may stall. */
const CHECKS_PER_STALL = 8;

export class SnapshotLease implements AsyncDisposable {
  readonly snapshot: MetadataSnapshot;
  readonly #limits: SnapshotLimits;
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout;
  #renewed = this.#begun;
  #failure: RegistryError | undefined;

  private constructor(snapshot: MetadataSnapshot, limits: SnapshotLimits) {
    this.snapshot = snapshot;
    this.#limits = limits;
    this.#timer = setInterval(() => this.#check(), limits.stallMs / CHECKS_PER_STALL);
    this.#timer.unref();
  }

  /** Opens a snapshot of now. Dispose of the lease in the end. */
  static async take(metadata: MetadataStore, limits: SnapshotLimits): Promise<SnapshotLease> {
    return new SnapshotLease(await metadata.snapshot(), limits);
  }

  /** Called with each step of the client. Throws UNAVAILABLE once the snapshot was taken back. */
  renew(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#renewed = performance.now();
  }

  /** What is read from the snapshot, with an error that says so once it was taken back. */
  async *guard<T>(pages: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    try {
      yield* pages;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.snapshot.close();
  }

  #check(): void {
    const { stallMs, totalMs } = this.#limits;
    const now = performance.now();
    if (now - this.#renewed >= stallMs) this.#takeBack(`nothing of it was read for ${stallMs / 1000} s`);
    else if (now - this.#begun >= totalMs) this.#takeBack(`reading it took more than ${totalMs / 1000} s`);
  }

  #takeBack(reason: string): void {
    clearInterval(this.#timer);
    const message = `the snapshot was given up because ${reason}; begin anew`;
    this.#failure = new RegistryError("UNAVAILABLE", {}, { message });
    this.snapshot.close().catch(() => undefined); // whoever reads on gets the failure
  }
}
