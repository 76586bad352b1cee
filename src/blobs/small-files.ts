// Makes small files durable in threads that do all system calls of one file in a
// row. Through the thread pool each of the calls would be a trip of its own, and the
// trips cost several times what the calls do.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { storageError } from "./storage-errors.ts";

/** A file to be made: written elsewhere, synced, and given its name; the directory is synced last. */
export interface SmallFile {
  readonly path: string;
  /** On the same filesystem; nobody else uses it. */
  readonly temporaryPath: string;
  /** Where path is; it exists. */
  readonly directory: string;
  readonly content: Uint8Array;
}

/** A system error on its way between threads. */
export interface SmallFileFailure {
  readonly code: string;
  readonly message: string;
}

/** Syncs wait for the disk, not for a processor: two keep it busy. */
const THREADS = 2;

export class SmallFiles {
  readonly #threads: Thread[] = [];

  /** Resolves when the file is durable. What has the name and the bytes already is only synced. */
  write(file: SmallFile): Promise<void> {
    return this.#idlest().write(file);
  }

  /** Waits for the files under way. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  /** Threads are started when they are first needed. */
  #idlest(): Thread {
    const idlest = this.#threads.reduce<Thread | undefined>(
      (best, thread) => (best === undefined || thread.waiting < best.waiting ? thread : best),
      undefined,
    );
    if (idlest !== undefined && (idlest.waiting === 0 || this.#threads.length === THREADS)) return idlest;
    const started = new Thread(() => this.#threads.splice(this.#threads.indexOf(started), 1));
    this.#threads.push(started);
    return started;
  }
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One thread; its answers come in the order of the questions. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];

  constructor(onBroken: () => void) {
    // The build rewrites imports, not this name.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./small-file-thread.${extension}`, import.meta.url));
    this.#worker.unref();
    this.#worker.on("message", (failure: SmallFileFailure | undefined) => this.#answer(failure));
    this.#worker.on("error", (error) => {
      onBroken();
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("a thread broke", { cause: error }));
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  write(file: SmallFile): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(file);
    });
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, "exit");
    this.#worker.ref();
    this.#worker.postMessage(undefined);
    await ended;
  }

  #answer(failure: SmallFileFailure | undefined): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    if (failure === undefined) waiting?.resolve();
    else waiting?.reject(storageError(Object.assign(new Error(failure.message), { code: failure.code })));
  }
}
