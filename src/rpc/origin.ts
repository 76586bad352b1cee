// Who asks, as reception knows it. A gateway in this process says it beside the
// call; for a call from the network the server says it. Nobody else is believed:
// headers that claim something about the client are not read.
import {
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { Origin, RequestRecord } from "../core/origin.ts";

/** What is known of a request. Members may be getters; `method` absent: the RPC's name is it. */
export type RequestFacts = {
  readonly [Member in Exclude<keyof RequestRecord, "id" | "method">]?: RequestRecord[Member] | undefined;
} & { readonly id: string; readonly method?: string };

const REQUEST = createContextKey<RequestFacts | undefined>(undefined, {
  description: "the client's request",
});

/** The values that go with a call on behalf of this request. */
export function requestValues(request: RequestFacts): ContextValues {
  return createContextValues().set(REQUEST, request);
}

/** Who asks for this call. What it tells is found out when it is read. */
export function originOf(context: HandlerContext): Origin {
  return new CallOrigin(context);
}

class CallOrigin implements Origin {
  readonly #context: HandlerContext;
  #request: RequestRecord | undefined;

  constructor(context: HandlerContext) {
    this.#context = context;
  }

  get request(): RequestRecord | undefined {
    this.#request ??= this.#read();
    return this.#request;
  }

  #read(): RequestRecord | undefined {
    const facts = this.#context.values.get(REQUEST);
    if (facts === undefined) return undefined;
    const { address, host, scheme, userAgent } = facts;
    const { service, method } = this.#context;
    // Not spread together from parts: this is done for every pull.
    const record: Writable<RequestRecord> = {
      id: facts.id,
      method: facts.method ?? `${service.typeName}/${method.name}`,
    };
    if (address !== undefined) record.address = address;
    if (host !== undefined) record.host = host;
    if (scheme !== undefined) record.scheme = scheme;
    if (userAgent !== undefined) record.userAgent = userAgent;
    return record;
  }
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };
