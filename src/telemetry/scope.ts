// What is being worked for at this moment: the request and, while it is traced, the
// step of it. Follows the work through promises and streams, so that whoever logs or
// traces needs not be handed it.
import { AsyncLocalStorage } from "node:async_hooks";

/** What is known of a request; filled in as it becomes known. */
export interface RequestNotes {
  /** As the answer's X-Request-Id and events have it. */
  readonly id: string;
  /** The verified name of who asks. Absent, or undefined: nobody was asked yet, or they gave none. */
  who?: (() => string | undefined) | undefined;
  repository?: string | undefined;
  /** What was asked for in the repository as the path has it: a tag, a digest, an upload's id. */
  reference?: string | undefined;
  digest?: string | undefined;
  /** Which kind of endpoint answers: "manifest", "blob_upload", … Absent: none of the Docker API. */
  handler?: string | undefined;
  /** The RPC: "stowage.v1.BlobService/StatBlob". Of several on behalf of one request the first. */
  rpc?: string | undefined;
  /** How the RPC failed, in Connect's words: "not_found". Absent: it did not, or is one on behalf of the Docker API. */
  code?: string;
  /** Of the answer's body, in bytes, as its head announces it; 0 for HEAD. Absent: it announces none. */
  responseBytes?: number | undefined;
  /** Of the trace, where it is sampled. */
  traceId?: string | undefined;
  /** True: the request has ended. What it set going may go on, but no longer for it. */
  isOver?: boolean | undefined;
}

/** Of a request that has just come. All that may become known has its place at once: so every request's notes are of one shape. */
export function newNotes(id: string): RequestNotes {
  return {
    id,
    who: undefined,
    repository: undefined,
    reference: undefined,
    digest: undefined,
    handler: undefined,
    rpc: undefined,
    responseBytes: undefined,
    traceId: undefined,
    isOver: false,
  };
}

/** A step of a traced request. Only there for requests whose trace is sampled. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** What others on the way told of the trace, to be taken along. */
  readonly traceState?: string | undefined;
  /** A step of this step, which begins now. "client": somebody else does it, who is asked over the network. */
  child(name: string, attributes?: SpanAttributes, kind?: "client"): Span;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** It did not succeed. The error's message is told, so it must hold no secret; a text is the kind of failure alone. */
  fail(error: unknown): void;
  /** Asking twice is asking once. */
  end(): void;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Scope {
  readonly notes: RequestNotes;
  /** Absent: it is not traced. */
  readonly span?: Span;
}

export class Scopes {
  readonly #storage = new AsyncLocalStorage<Scope>();

  /** Of the work that runs now. Undefined: it is for no request, or for one that has ended. */
  get current(): Scope | undefined {
    const scope = this.#storage.getStore();
    return scope?.notes.isOver === true ? undefined : scope;
  }

  /** Does the work, and all that follows from it, in the scope. */
  run<T>(scope: Scope, work: () => T): T {
    return this.#storage.run(scope, work);
  }
}
