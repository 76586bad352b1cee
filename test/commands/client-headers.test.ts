// What a gateway tells the registry behind it about its client.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../gateway/http-messages.ts";
import { clientHeaders } from "../../src/commands/client-headers.ts";
import type { RequestFacts } from "../../src/rpc/visit.ts";

/** Only headers are looked at. */
function withHeaders(headers: Record<string, string>): HttpRequest {
  return { headers } as unknown as HttpRequest;
}

const FACTS: RequestFacts = { id: "1", method: "GET" };

function headersOf(headers: Record<string, string>, facts = FACTS, own?: string) {
  return clientHeaders(withHeaders(headers), { factsOf: () => facts, authorization: () => own });
}

test("the client's credentials and the gateway's own go side by side", () => {
  assert.deepEqual(headersOf({ authorization: "Basic YTpi" }, FACTS, "Bearer own"), {
    "stowage-client": '{"id":"1","method":"GET"}',
    "stowage-gateway-authorization": "Bearer own",
    authorization: "Basic YTpi",
  });
});

test("a client can say nothing in the gateway's name", () => {
  const forged = { "stowage-gateway-authorization": "Bearer x", "stowage-client": '{"address":"1.2.3.4:5"}' };
  assert.deepEqual(headersOf(forged), { "stowage-client": '{"id":"1","method":"GET"}' });
});

test("every fact arrives as it was, in ASCII; credentials are none of them", () => {
  const userAgent = 'ü "😀"\u007f\n\\';
  const facts: RequestFacts = {
    ...FACTS,
    address: "[2001:db8::1]:5",
    host: "registry.test",
    scheme: "https",
    userAgent,
    baseUrl: "https://registry.test/prefix",
    ip: "2001:db8::1",
    authorization: "Basic c2VjcmV0",
  };
  const { "stowage-client": text = "" } = headersOf({}, facts);
  assert.match(text, /^[\x20-\x7e]+$/);
  assert.equal(new Headers({ text }).get("text"), text);
  assert.deepEqual(JSON.parse(text), {
    id: "1",
    method: "GET",
    address: "[2001:db8::1]:5",
    host: "registry.test",
    scheme: "https",
    userAgent,
    baseUrl: "https://registry.test/prefix",
  });
});
