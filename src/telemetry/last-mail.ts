// Mails of a process that ends: sent by a thread while this one stands still, so that
// nothing else happens after a crash. It takes a few seconds at most.
import { Worker } from "node:worker_threads";
import type { Letter } from "./mail-hook.ts";

/** What the thread is given: how it went goes into `shared`. */
export interface LastMails {
  readonly letters: readonly Letter[];
  readonly timeoutMs: number;
  /** The first number becomes 1 when it is done, the second counts what could not be sent. */
  readonly shared: SharedArrayBuffer;
}

/** How many could not be sent in time. */
export function sendLastMails(letters: readonly Letter[], timeoutMs: number): number {
  if (letters.length === 0) return 0;
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  // The build rewrites imports, not this name.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const workerData: LastMails = { letters, timeoutMs, shared };
  const worker = new Worker(new URL(`./last-mail-thread.${extension}`, import.meta.url), {
    workerData,
    stdout: true, // What it might print waits for this thread.
    stderr: true,
    execArgv: [],
  });
  worker.unref();
  const isDone = Atomics.wait(state, 0, 0, timeoutMs) !== "timed-out";
  return isDone ? Atomics.load(state, 1) : letters.length;
}
