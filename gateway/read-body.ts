// The body of a request, chunk by chunk, as fast as it is asked for and no faster.
// A client that sends nothing for too long, or leaves, ends it with an error.
import type { Readable } from "node:stream";
import { RegistryError } from "../src/oci/errors.ts";
import { ClientGone } from "./client-signal.ts";
import type { Exchange } from "./exchange.ts";
import { type HttpRequest, isAborted, waitsToSend } from "./http-messages.ts";

/** How many chunks may wait before the client is made to wait; it goes on when half of them are taken. */
const READ_AHEAD = 4;

/** A piece of a body, in memory of its own. */
export type BodyChunk = Uint8Array<ArrayBuffer>;

/** Begins to read the exchange's body, and asks a client for it that waits to be asked. */
export function openBody({ request, response, limits }: Exchange): RequestBody {
  if (waitsToSend(request)) response.writeContinue();
  return new RequestBody(request, limits.progressTimeoutMs);
}

/**
 * Reads one request's body, once. Whoever
 * made it calls release() when nobody will read on, also after an error.
 */
export class RequestBody implements AsyncIterable<BodyChunk> {
  readonly #stream: Readable;
  readonly #timeoutMs: number;
  readonly #waiting: BodyChunk[] = [];
  #ended = false;
  #wake: (() => void) | undefined;
  /** Why the body ended early. Undefined: it did not, or not yet. */
  failure: Error | undefined;

  constructor(request: HttpRequest, timeoutMs: number) {
    this.#stream = request;
    this.#timeoutMs = timeoutMs;
    this.#stream.on("data", this.#onData).on("end", this.#onEnd);
    this.#stream.on("error", this.#onGone).on("close", this.#onGone);
    this.#stream.pause();
    if (isAborted(request)) this.#fail(new ClientGone());
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BodyChunk, undefined> {
    for (;;) {
      const chunk = await this.next();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** The next chunk; undefined at the end. Throws REQUEST_TIMEOUT or ClientGone. */
  async next(): Promise<BodyChunk | undefined> {
    while (this.#waiting.length === 0 && !this.#ended && this.failure === undefined) await this.#more();
    const chunk = this.#waiting.shift();
    if (chunk === undefined && this.failure !== undefined) throw this.failure;
    if (this.#waiting.length === READ_AHEAD / 2) this.#stream.resume();
    return chunk;
  }

  /** Stops listening. What is still to come stays unread; who still waits for it is told that it ended. */
  release(): void {
    this.#onEnd();
    this.#stream.off("data", this.#onData).off("end", this.#onEnd);
    this.#stream.off("error", this.#onGone).off("close", this.#onGone);
    // Without a listener a broken connection would be an uncaught error.
    this.#stream.on("error", ignore);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      // Where it was we who were busy, what the client sent meanwhile comes before the immediate.
      const timer = setTimeout(() => setImmediate(() => this.#onStill(wake)), this.#timeoutMs);
      this.#wake = wake;
      this.#stream.resume();
    });
  }

  #onStill(waiting: () => void): void {
    if (this.#wake === waiting) this.#fail(timedOut(this.#timeoutMs));
  }

  readonly #onData = (chunk: BodyChunk): void => {
    this.#waiting.push(chunk);
    if (this.#waiting.length >= READ_AHEAD) this.#stream.pause();
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  readonly #onGone = (): void => {
    if (!this.#ended) this.#fail(new ClientGone());
  };

  #fail(error: Error): void {
    this.failure ??= error;
    this.#wake?.();
  }
}

function timedOut(timeoutMs: number): RegistryError {
  const message = `the client sent nothing for ${timeoutMs / 1000} s`;
  return new RegistryError("REQUEST_TIMEOUT", {}, { message });
}

function ignore(): void {}
