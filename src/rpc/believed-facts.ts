// A gateway elsewhere tells of its client. Its word counts when it has proved to be
// one of the gateways that the configuration names; otherwise it is a stranger's.
import type { Doorman } from "../auth/doorman.ts";
import type { ClientClaims } from "./client-claims.ts";
import type { RequestFacts } from "./visit.ts";

/** Longer texts are cut: they go into every event. */
const MAX_TEXT = 256;

/** The facts of who is behind the gateway, or the call's own. */
export async function believedFacts(facts: RequestFacts, doorman: Doorman): Promise<RequestFacts> {
  const claims = parseClaims(facts.clientClaims);
  if (claims === undefined || !(await isGateway(facts, doorman))) return own(facts);
  return {
    ...claims,
    ip: claims.address === undefined ? undefined : ipOf(claims.address),
    // What the connection shows is the gateway's; the header is its client's.
    authorization: facts.authorization,
  };
}

async function isGateway(facts: RequestFacts, doorman: Doorman): Promise<boolean> {
  if (doorman.believesNobody) return false;
  const { gatewayAuthorization, certificate, ip } = facts;
  try {
    return doorman.believes(
      await doorman.authenticate({ authorization: gatewayAuthorization, certificate, address: ip }),
    );
  } catch {
    return false;
  }
}

function own(facts: RequestFacts): RequestFacts {
  const { id, method, address, host, scheme, userAgent, ip, baseUrl, authorization } = facts;
  // The certificate is the gateway's. Of its clients it says nothing, least of all that they are the gateway.
  const known = { id, address, host, scheme, userAgent, ip, baseUrl, authorization };
  return method === undefined ? known : { ...known, method };
}

function parseClaims(text: string | undefined): ClientClaims | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const members: Readonly<Record<string, unknown>> = { ...value };
  const { id, method, scheme } = members;
  if (typeof id !== "string" || typeof method !== "string") return undefined;
  return {
    id: id.slice(0, MAX_TEXT),
    method: method.slice(0, MAX_TEXT),
    ...member("address", members),
    ...member("host", members),
    ...member("userAgent", members),
    ...member("baseUrl", members),
    ...((scheme === "http" || scheme === "https") && { scheme }),
  };
}

function member<Name extends "address" | "host" | "userAgent" | "baseUrl">(
  name: Name,
  members: Readonly<Record<string, unknown>>,
): { readonly [Key in Name]?: string } {
  const value = members[name];
  const found: { [Key in Name]?: string } = {};
  if (typeof value === "string" && value !== "") found[name] = value.slice(0, MAX_TEXT);
  return found;
}

/** "[::1]:5000" and "[::1]" → "::1", "192.0.2.1:5000" and "192.0.2.1" → "192.0.2.1" */
function ipOf(address: string): string {
  return /^\[([^\]]*)\]/.exec(address)?.[1] ?? address.replace(/:\d+$/, "");
}
