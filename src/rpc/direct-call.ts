// One call inside the process: the context its handler sees, and its ending.
// Headers, signal and context values are made when they are first looked at, so
// that a call whose handler needs none of them pays for none.

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import type { DirectRoute } from "./direct-router.ts";

/** What the caller gave. */
export interface DirectCallOptions {
  readonly signal: AbortSignal | undefined;
  /** Absent: no deadline. */
  readonly timeoutMs: number | undefined;
  readonly header: ConstructorParameters<typeof Headers>[0];
  readonly contextValues: ContextValues | undefined;
}

/** Made once: creating the default reason costs more than a whole call. */
const COMPLETED = new ConnectError("the call is complete", Code.Canceled);

/** One call. Ends once: by finish(), or by the caller's signal or deadline through cancel(). */
export class DirectCall implements HandlerContext {
  readonly protocolName = "in-process";
  readonly requestMethod = "POST";
  readonly #route: DirectRoute;
  readonly #options: DirectCallOptions;
  readonly #deadline: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #controller: AbortController | undefined;
  #signalWatched = false;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;
  #onCancel: ((failure: ConnectError) => void)[] | undefined;
  #finished = false;
  /** Why the call was cut short. Undefined while it runs and when it ended by itself. */
  failure: ConnectError | undefined;

  constructor(route: DirectRoute, options: DirectCallOptions) {
    this.#route = route;
    this.#options = options;
    this.#values = options.contextValues;
    const { signal, timeoutMs } = options;
    if (signal?.aborted) this.#abortedByCaller();
    else signal?.addEventListener("abort", this.#abortedByCaller);
    if (timeoutMs !== undefined) {
      this.#deadline = Date.now() + timeoutMs;
      this.#timer = setTimeout(() => this.cancel(deadlineExceeded()), timeoutMs);
    }
  }

  get method(): DescMethod {
    return this.#route.spec.method;
  }

  get service(): DescService {
    return this.#route.spec.method.parent;
  }

  get url(): string {
    return this.#route.url;
  }

  readonly timeoutMs = (): number | undefined =>
    this.#deadline === undefined ? undefined : this.#deadline - Date.now();

  get requestHeader(): Headers {
    this.#requestHeader ??= new Headers(this.#options.header);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  /** Aborts on cancellation, deadline and shutdown, and when the call is complete. */
  get signal(): AbortSignal {
    this.#signalWatched = true;
    return this.quietSignal;
  }

  /** The same signal, for those who learn of a normal ending by other means; it may stay silent then. */
  get quietSignal(): AbortSignal {
    this.#controller ??= this.#createController();
    return this.#controller.signal;
  }

  /** True when someone other than the handler may end the call. */
  get cancellable(): boolean {
    return this.#options.signal !== undefined || this.#timer !== undefined;
  }

  /** Calls the listener when the call is cut short; at once when it has been already. */
  onCancel(listener: (failure: ConnectError) => void): void {
    if (this.failure !== undefined) {
      listener(this.failure);
      return;
    }
    this.#onCancel ??= [];
    this.#onCancel.push(listener);
  }

  /** Cuts the call short; the first reason wins. */
  cancel(failure: ConnectError): void {
    if (this.#finished) return;
    this.failure = failure;
    this.#finished = true;
    this.#release();
    this.#controller?.abort(failure);
    for (const listener of this.#onCancel ?? []) listener(failure);
  }

  /** Marks the call complete; a handler that still watches the signal is told. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#release();
    if (this.#signalWatched) this.#controller?.abort(COMPLETED);
  }

  /** The promise's outcome, or the failure as soon as the call is cut short. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onCancel(reject);
      work.then(resolve, reject);
    });
  }

  /** What the caller gets to see of a handler's error: the same as on the wire, with its cause kept for logs. */
  outgoing(error: unknown): ConnectError {
    if (this.failure !== undefined) return this.failure;
    const outgoing =
      error instanceof ConnectError
        ? error
        : new ConnectError("internal error", Code.Internal, undefined, undefined, error);
    addMissing(outgoing.metadata, this.#responseHeader);
    addMissing(outgoing.metadata, this.#responseTrailer);
    return outgoing;
  }

  #createController(): AbortController {
    const controller = new AbortController();
    const { shutdownSignal } = this.#route;
    if (this.#finished) controller.abort(this.failure ?? COMPLETED);
    else if (shutdownSignal?.aborted) controller.abort(shutdownSignal.reason);
    else shutdownSignal?.addEventListener("abort", this.#abortedByShutdown);
    return controller;
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abortedByCaller);
    if (this.#controller === undefined) return;
    this.#route.shutdownSignal?.removeEventListener("abort", this.#abortedByShutdown);
  }

  readonly #abortedByCaller = (): void =>
    this.cancel(ConnectError.from(this.#options.signal?.reason, Code.Canceled));

  // Shutdown only informs the handler, who decides how to end; the call itself goes on.
  readonly #abortedByShutdown = (): void => this.#controller?.abort(this.#route.shutdownSignal?.reason);
}

function deadlineExceeded(): ConnectError {
  return new ConnectError("the operation timed out", Code.DeadlineExceeded);
}

function addMissing(target: Headers, source: Headers | undefined): void {
  source?.forEach((value, name) => {
    if (!target.has(name)) target.set(name, value);
  });
}
