// Puts a span around methods of an object of another room, which knows nothing of it.
// The stand-in has the same methods, bound, so that private members are found; for
// whom nobody traces, a call costs one question more.
import { Code, ConnectError } from "@connectrpc/connect";
import { CommitConflict, LimitExceeded } from "../metadata/engine.ts";
import { RegistryError } from "../oci/errors.ts";
import type { Scope, Scopes, Span, SpanAttributes } from "../telemetry/scope.ts";

/** What is told of a call, made of its arguments. */
type Describe<A extends readonly unknown[]> = (...given: A) => SpanAttributes;

/** The methods that are traced. Others are passed on. */
export type TracedMethods<T> = {
  readonly [M in keyof T]?: T[M] extends (...given: infer A) => unknown ? Describe<A> : never;
};

export interface TracedOptions<T> {
  readonly scopes: Scopes;
  /** In front of the methods' names: "core.blobs". */
  readonly name: string;
  readonly methods: TracedMethods<T>;
}

type Method = (...given: readonly unknown[]) => unknown;

/** A stand-in for the object that does the same, and tells how long it took. */
export function traced<T extends object>(target: T, { scopes, name, methods }: TracedOptions<T>): T {
  const standIn: object = Object.create(null);
  for (const [member, descriptor] of members(target)) {
    const method: unknown = descriptor.value;
    if (typeof method !== "function") {
      Object.defineProperty(standIn, member, { get: () => Reflect.get(target, member), enumerable: true });
      continue;
    }
    const bound: Method = method.bind(target);
    const describe: unknown = Reflect.get(methods, member);
    const value =
      typeof describe === "function"
        ? tracedMethod(bound, {
            scopes,
            name: `${name}.${String(member)}`,
            describe: describe as Describe<readonly unknown[]>,
          })
        : bound;
    Object.defineProperty(standIn, member, { value, enumerable: true });
  }
  return standIn as T; // it has every member
}

/** Own members first, then those of the classes. */
function members(target: object): ReadonlyMap<PropertyKey, PropertyDescriptor> {
  const found = new Map<PropertyKey, PropertyDescriptor>();
  for (let at = target; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (name !== "constructor" && !found.has(name)) found.set(name, descriptor);
    for (const symbol of Object.getOwnPropertySymbols(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, symbol);
      if (descriptor !== undefined && !found.has(symbol)) found.set(symbol, descriptor);
    }
  }
  return found;
}

interface Step {
  readonly scopes: Scopes;
  readonly name: string;
  readonly describe: Describe<readonly unknown[]>;
}

function tracedMethod(method: Method, step: Step): Method {
  const { scopes } = step;
  return (...given) => {
    const scope = scopes.current;
    return scope?.span === undefined ? method(...given) : traceCall(method, given, step, scope);
  };
}

function traceCall(
  method: Method,
  given: readonly unknown[],
  { scopes, name, describe }: Step,
  scope: Scope,
): unknown {
  const span = scope.span?.child(name, describe(...given));
  if (span === undefined) return method(...given);
  const inner: Scope = { notes: scope.notes, span };
  try {
    const result = scopes.run(inner, () => method(...given));
    if (result instanceof Promise) return untilSettled(result, span);
    if (isStream(result)) return new TracedStream(result, { scopes, scope: inner, span, failed });
    span.end();
    return result;
  } catch (error) {
    failed(span, error);
    throw error;
  }
}

async function untilSettled(result: Promise<unknown>, span: Span): Promise<unknown> {
  try {
    const value = await result;
    span.end();
    return value;
  } catch (error) {
    failed(span, error);
    throw error;
  }
}

/** What others expect and act on is an answer like any; the rest is what nobody wanted. */
function failed(span: Span, error: unknown): void {
  const answer = answerIn(error);
  if (answer === undefined) span.fail(error);
  else span.set({ "error.type": answer });
  span.end();
}

/** The codes that an operator has to know of. */
const FAILURES: ReadonlySet<string> = new Set(["UNAVAILABLE", "INSUFFICIENT_STORAGE"]);

/** Undefined: it is a failure. */
function answerIn(error: unknown): string | undefined {
  if (error instanceof RegistryError) return FAILURES.has(error.code) ? undefined : error.code;
  if (error instanceof CommitConflict) return "conflict"; // it is tried again
  if (error instanceof LimitExceeded) return "limit";
  return error instanceof ConnectError && error.code === Code.Canceled ? "canceled" : undefined; // the client left
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

interface StreamParts {
  readonly scopes: Scopes;
  readonly scope: Scope;
  readonly span: Span;
  /** Writes into the span that it broke, and ends it. */
  readonly failed: (span: Span, error: unknown) => void;
}

/** Its span ends when it ends, when nobody wants more of it, or when it breaks. Each step of it is done in its scope. */
export class TracedStream<T> implements AsyncIterableIterator<T> {
  readonly #source: AsyncIterator<T>;
  readonly #parts: StreamParts;

  constructor(stream: AsyncIterable<T>, parts: StreamParts) {
    this.#parts = parts;
    this.#source = parts.scopes.run(parts.scope, () => stream[Symbol.asyncIterator]());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    return this.#step(() => this.#source.next());
  }

  async return(): Promise<IteratorResult<T>> {
    const end = { done: true, value: undefined } as const;
    return this.#step(async () => (await this.#source.return?.()) ?? end);
  }

  async throw(reason: unknown): Promise<IteratorResult<T>> {
    return this.#step(() => {
      if (this.#source.throw === undefined) throw reason;
      return this.#source.throw(reason);
    });
  }

  async #step(work: () => Promise<IteratorResult<T>>): Promise<IteratorResult<T>> {
    const { scopes, scope, span, failed } = this.#parts;
    try {
      const result = await scopes.run(scope, work);
      if (result.done === true) span.end();
      return result;
    } catch (error) {
      failed(span, error);
      throw error;
    }
  }
}
