// One request on its way through reception: what is known of it, and who it proved
// to be. An HTTP request that becomes several calls is one visit.
import {
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { ClientCertificate } from "../auth/credentials.ts";
import { ANONYMOUS, type Principal } from "../auth/principal.ts";
import type { RequestRecord } from "../core/origin.ts";

/** What is known of a request. Members may be getters; `method` absent: the RPC's name is it. */
export type RequestFacts = {
  readonly [Member in Exclude<keyof RequestRecord, "id" | "method">]?: RequestRecord[Member] | undefined;
} & {
  readonly id: string;
  readonly method?: string;
  /** The client's IP address without a port, as far as it is known for sure. */
  readonly ip?: string | undefined;
  /** Where the client finds the registry: "https://registry.example.com/prefix". */
  readonly baseUrl?: string | undefined;
  /** The Authorization header as it came. */
  readonly authorization?: string | undefined;
  /** A client certificate that the TLS handshake verified. */
  readonly certificate?: ClientCertificate | undefined;
  /** What a gateway elsewhere claims, not yet believed; see client-claims.ts. */
  readonly gatewayAuthorization?: string | undefined;
  readonly clientClaims?: string | undefined;
};

export class Visit {
  /** Those of a gateway's client once the gateway is believed. */
  facts: RequestFacts;
  /** Undefined until reception has asked, and where nobody is asked. */
  principal: Principal | undefined;
  /** True: reception has asked. */
  isAdmitted = false;

  constructor(facts: RequestFacts) {
    this.facts = facts;
  }
}

const VISIT = createContextKey<Visit | undefined>(undefined, { description: "the client's request" });

/** The values that go with every call on behalf of this request. */
export function requestValues(request: RequestFacts): ContextValues {
  return createContextValues().set(VISIT, new Visit(request));
}

/** Undefined for a call inside the process on nobody's behalf. */
export function visitOf(context: HandlerContext): Visit | undefined {
  return context.values.get(VISIT);
}

/** Who the caller proved to be; anonymous where nobody is asked. */
export function principalOf(context: HandlerContext): Principal {
  return visitOf(context)?.principal ?? ANONYMOUS;
}
