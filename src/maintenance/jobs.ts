// One job of a kind at a time, whoever begins it: the registry by itself or somebody
// who asks.
import { setTimeout as sleep } from "node:timers/promises";
import { RegistryError } from "../oci/errors.ts";

/** Jobs that must not run beside another of their kind. */
export type JobKind = "fsck" | "retention" | "scrub" | "snapshot" | "upload purge";

/** So long the next one waits for the end of one that may just be ending because its caller left, in milliseconds. */
const ENDING_MS = 1000;

export class MaintenanceJobs {
  /** When they have ended. */
  readonly #running = new Map<JobKind, Promise<void>>();

  isRunning(kind: JobKind): boolean {
    return this.#running.has(kind);
  }

  /** Runs the job when it is read; reading throws MAINTENANCE_RUNNING while another of its kind goes on. */
  async *run<Item>(kind: JobKind, begin: () => AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    await this.#awaitEnd(kind);
    if (this.#running.has(kind)) throw running(kind);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.set(kind, promise);
    try {
      yield* begin();
    } finally {
      this.#running.delete(kind);
      resolve();
    }
  }

  async #awaitEnd(kind: JobKind): Promise<void> {
    const other = this.#running.get(kind);
    if (other === undefined) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    await Promise.race([other, sleep(ENDING_MS, undefined, { signal, ref: false }).catch(() => undefined)]);
    waiting.abort();
  }
}

function running(kind: JobKind): RegistryError {
  const message = `a ${kind} is running already; wait for its end`;
  return new RegistryError("MAINTENANCE_RUNNING", { job: kind }, { message });
}
