// A gateway elsewhere and its word about its clients.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Doorman } from "../../src/auth/doorman.ts";
import { ANONYMOUS, principal } from "../../src/auth/principal.ts";
import { Remembered } from "../../src/auth/remembered.ts";
import { believedFacts } from "../../src/rpc/believed-facts.ts";
import type { RequestFacts } from "../../src/rpc/visit.ts";

const certificate = {
  subject: "CN=gw",
  commonName: "gw",
  dnsNames: [],
  emails: [],
  uris: [],
  expireTime: Number.POSITIVE_INFINITY,
};

/** Knows certificates, and the bearer token "known"; counts what it has to check. */
function openDoorman(gateways: readonly string[]) {
  const made = { checks: 0 };
  const doorman = new Doorman({
    auth: {
      mode: "guarded",
      realm: "",
      service: "",
      accessTokens: {},
      oidc: [],
      certificates: { identity: "cn", groups: [] },
      gateways,
    },
    passwords: [],
    tokens: [
      {
        async check(token) {
          made.checks += 1;
          return token === "known" ? principal("robot", "gw") : undefined;
        },
      },
    ],
    isTokenGood: () => true,
    remembered: new Remembered({ now: Date.now }),
    guard: { run: (_address, check) => check() },
    now: Date.now,
  });
  return { doorman, made };
}

const claims = JSON.stringify({
  id: "1",
  method: "GET",
  address: "[2001:db8::7]:4711",
  host: "registry.example.com",
  scheme: "https",
  baseUrl: "https://registry.example.com",
});

const call: RequestFacts = {
  id: "call",
  address: "192.0.2.1:1",
  ip: "192.0.2.1",
  host: "internal:5000",
  scheme: "http",
  authorization: "Basic of-the-client",
  clientClaims: claims,
};

test("of a gateway that is named its client's facts count, and the client's credentials", async () => {
  const { doorman } = openDoorman(["robot:gw", "cert:gw"]);
  for (const proof of [{ gatewayAuthorization: "Bearer known" }, { certificate }]) {
    const facts = await believedFacts({ ...call, ...proof }, doorman);
    assert.deepEqual(facts, {
      ...JSON.parse(claims),
      ip: "2001:db8::7",
      authorization: "Basic of-the-client",
    });
  }
});

test("of a stranger they do not count", async () => {
  const { doorman } = openDoorman(["robot:gw"]);
  for (const gatewayAuthorization of [undefined, "Bearer other", "Bearer"]) {
    const facts = await believedFacts({ ...call, gatewayAuthorization }, doorman);
    assert.deepEqual([facts.address, facts.host, facts.ip], ["192.0.2.1:1", "internal:5000", "192.0.2.1"]);
  }
});

test("a gateway's certificate is never its clients' identity, named or not", async () => {
  for (const gateways of [["cert:gw"], ["cert:other"], []]) {
    const { doorman } = openDoorman(gateways);
    const facts = await believedFacts({ ...call, authorization: undefined, certificate }, doorman);
    assert.equal(doorman.authenticate(facts), ANONYMOUS);
  }
});

test("where nobody is believed, nobody's proof is checked", async () => {
  const { doorman, made } = openDoorman([]);
  await believedFacts({ ...call, gatewayAuthorization: "Bearer known" }, doorman);
  assert.equal(made.checks, 0);
});
