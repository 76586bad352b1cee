// The messages of one direction of a direct call, passed on by reference, one
// for each pull. A pull that waits when the call is cut short is rejected, and the
// producer is told to stop, whoever of the two is slow.

import type { DirectCall } from "./direct-call.ts";

/** How one direction treats what it carries. */
export interface MessageStreamOptions<From, To> {
  /** Turns what the producer gave into what the consumer expects. */
  readonly convert: (message: From) => To;
  /** Called once when the producer failed; its answer is what the consumer gets. */
  readonly failed: (error: unknown) => unknown;
  /** Called once when the producer has no more. */
  readonly ended: () => void;
}

/** One direction of a call. */
export class MessageStream<From, To> {
  readonly #call: DirectCall;
  readonly #source: AsyncIterator<From>;
  readonly #options: MessageStreamOptions<From, To>;
  #rejectPending: ((error: unknown) => void) | undefined;
  #peeked: Promise<IteratorResult<To>> | undefined;
  #stopped = false;

  constructor(call: DirectCall, source: AsyncIterator<From>, options: MessageStreamOptions<From, To>) {
    this.#call = call;
    this.#source = source;
    this.#options = options;
    call.onCancel((failure) => {
      this.#rejectPending?.(failure);
      this.stop();
    });
  }

  /** Waits until the first message, the end or the failure is known; next() will still deliver it. */
  async peek(): Promise<void> {
    this.#peeked = this.#pull();
    await this.#peeked.catch(() => undefined);
  }

  next(): Promise<IteratorResult<To>> {
    const peeked = this.#peeked;
    if (peeked === undefined) return this.#pull();
    this.#peeked = undefined;
    return peeked;
  }

  /**
   * The consumer's end, to be iterated once. Leaving the loop early stops the producer only when
   * stoppable: a handler may do so, a caller ends a call through its signal, as on the wire.
   */
  readable(options: { readonly stoppable?: boolean } = {}): AsyncIterable<To> {
    const iterator: AsyncIterator<To> = { next: () => this.next() };
    if (options.stoppable === true) {
      iterator.return = async () => {
        this.stop();
        return { done: true, value: undefined };
      };
    }
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** Tells the producer that nothing more will be read. Safe to call at any time. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // A producer that waits for something else ends later; its outcome interests nobody.
    this.#source.return?.().catch(() => undefined);
  }

  #pull(): Promise<IteratorResult<To>> {
    if (this.#call.failure !== undefined) return Promise.reject(this.#call.failure);
    if (this.#stopped) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#rejectPending = reject;
      this.#source.next().then(
        (result) => {
          try {
            resolve(this.#deliver(result));
          } catch (error) {
            reject(this.#fail(error));
          }
        },
        (error: unknown) => reject(this.#fail(error)),
      );
    });
  }

  #deliver(result: IteratorResult<From>): IteratorResult<To> {
    if (result.done !== true) return { done: false, value: this.#options.convert(result.value) };
    this.#stopped = true;
    this.#options.ended();
    return { done: true, value: undefined };
  }

  #fail(error: unknown): unknown {
    this.#stopped = true;
    return this.#options.failed(error);
  }
}
