// Who asks, as reception knows it: told to the rules beside each change, for the
// event that announces it. A gateway in this process says it beside the call; for a
// call from the network the server says it.
import type { HandlerContext } from "@connectrpc/connect";
import type { Origin, RequestRecord } from "../core/origin.ts";
import { visitOf } from "./visit.ts";

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

  /** The verified name; never what a header says. */
  get actor(): string | undefined {
    return visitOf(this.#context)?.principal?.actor;
  }

  #read(): RequestRecord | undefined {
    const facts = visitOf(this.#context)?.facts;
    if (facts === undefined) return undefined;
    const { address, host, scheme, userAgent, baseUrl } = facts;
    const { service, method } = this.#context;
    // Not spread together from parts: this is done for every pull.
    const record: Writable<RequestRecord> = {
      id: facts.id,
      method: facts.method ?? `${service.typeName}/${method.name}`,
    };
    if (address !== undefined) record.address = address;
    if (host !== undefined) record.host = host;
    if (scheme !== undefined) record.scheme = scheme;
    if (baseUrl !== undefined && baseUrl !== `${scheme}://${host}`) record.baseUrl = baseUrl;
    if (userAgent !== undefined) record.userAgent = userAgent;
    return record;
  }
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };
