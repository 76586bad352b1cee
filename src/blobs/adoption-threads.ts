// Threads that bring files of others into the cellar: each byte is read and hashed,
// which keeps a processor busy, so there is one thread for each.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { DigestAlgorithm } from "../oci/digest.ts";
import { isNoSpace, storageError } from "./storage-errors.ts";

/** A file to be brought to a path, and hashed there. */
export interface AdoptionTask {
  /** Absent: it is at the path already, and is only hashed. */
  readonly source?: string;
  readonly path: string;
  readonly algorithm: DigestAlgorithm;
  /** True: never by hard link. */
  readonly copy: boolean;
}

export interface HashedFile {
  readonly hex: string;
  /** In bytes. */
  readonly size: number;
  readonly how: "linked" | "copied" | "present";
}

/** A thread's answer. */
export type AdoptionAnswer =
  | { readonly file: HashedFile; readonly failure?: undefined }
  | { readonly file?: undefined; readonly failure: { readonly code: string; readonly message: string } };

interface Waiting {
  readonly task: AdoptionTask;
  readonly resolve: (file: HashedFile) => void;
  readonly reject: (error: Error) => void;
}

export class AdoptionThreads {
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #queue: Waiting[] = [];

  /** Throws the system's error, or INSUFFICIENT_STORAGE. What is at the path then is the caller's to remove. */
  perform(task: AdoptionTask): Promise<HashedFile> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      this.#next();
    });
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    const ended = new Error("the files are no longer wanted");
    for (const { reject } of this.#queue.splice(0)) reject(ended);
    const busy = [...this.#busy];
    this.#busy.clear();
    await Promise.all(
      [...this.#idle.splice(0), ...busy.map(([worker]) => worker)].map((one) => one.terminate()),
    );
    for (const [, { reject }] of busy) reject(ended);
  }

  /** Threads are started when they are first needed. */
  #next(): void {
    while (this.#queue.length > 0) {
      const worker =
        this.#idle.pop() ?? (this.#busy.size < availableParallelism() ? this.#start() : undefined);
      if (worker === undefined) return;
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      this.#busy.set(worker, waiting);
      worker.ref();
      worker.postMessage(waiting.task);
    }
  }

  #start(): Worker {
    // The build rewrites imports, not this name.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./adoption-thread.${extension}`, import.meta.url));
    worker.on("message", (answer: AdoptionAnswer) => this.#answer(worker, answer));
    worker.on("error", (error) => {
      const waiting = this.#busy.get(worker);
      this.#busy.delete(worker);
      waiting?.reject(new Error("a thread broke", { cause: error }));
      this.#next();
    });
    return worker;
  }

  #answer(worker: Worker, { file, failure }: AdoptionAnswer): void {
    const waiting = this.#busy.get(worker);
    if (waiting === undefined) return; // closed meanwhile
    this.#busy.delete(worker);
    this.#idle.push(worker);
    worker.unref();
    if (file !== undefined) waiting.resolve(file);
    else {
      const error = Object.assign(new Error(failure.message), { code: failure.code });
      waiting.reject(isNoSpace(error) ? storageError(error) : error);
    }
    this.#next();
  }
}
