// How many long uploads may be synced in the background at once. A sync keeps a
// thread of the pool waiting, and every other file operation needs those threads.
const MAX_RUNNING = 2;

export class BackgroundSyncs {
  #running = 0;

  /** Starts the sync and resolves when it is done; undefined when too many are running. */
  start(sync: () => Promise<void>): Promise<void> | undefined {
    if (this.#running >= MAX_RUNNING) return undefined;
    this.#running += 1;
    return sync().finally(() => {
      this.#running -= 1;
    });
  }
}
