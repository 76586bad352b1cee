// Headers in which a client says that it is somebody else, from somewhere else, or
// asked for another host. Of strangers nothing of it counts: not in events, not in
// challenges, not for limits. Of trusted proxies and gateways it does.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { ask, basic, digestOf, type Fortress, openFortress } from "./fortress.ts";

const EVIL = "evil.example.com";
const AWAY = "203.0.113.9";

const CLAIMS = JSON.stringify({
  id: "forged",
  method: "FORGED",
  address: `${AWAY}:4711`,
  host: EVIL,
  scheme: "https",
  userAgent: "forged",
  baseUrl: `https://${EVIL}`,
});

type Headers = Readonly<Record<string, string>>;

const LIES: Readonly<Record<string, Headers>> = {
  "X-Forwarded-*": {
    "x-forwarded-for": AWAY,
    "x-forwarded-host": EVIL,
    "x-forwarded-proto": "https",
    "x-forwarded-port": "8443",
    "x-forwarded-prefix": "/evil",
  },
  Forwarded: { forwarded: `for=${AWAY};host=${EVIL};proto=https` },
  "other names of an address": {
    "x-real-ip": AWAY,
    "x-client-ip": AWAY,
    "true-client-ip": AWAY,
    "cf-connecting-ip": AWAY,
    "x-cluster-client-ip": AWAY,
  },
  "other names of a user": {
    "x-forwarded-user": "root",
    "x-remote-user": "root",
    "x-webauth-user": "root",
    "stowage-actor": "user:root",
    "proxy-authorization": basic("root"),
  },
  "other targets": {
    "x-original-url": "/v2/secret/x/tags/list",
    "x-rewrite-url": "/v2/secret/x/tags/list",
    "x-original-method": "DELETE",
    "x-http-method-override": "DELETE",
    "x-original-host": EVIL,
    "x-host": EVIL,
  },
  "stowage-client": { "stowage-client": CLAIMS },
  "stowage-client and a user who is no gateway": {
    "stowage-client": CLAIMS,
    "stowage-gateway-authorization": basic("bob"),
  },
  "stowage-client and a gateway's name with a wrong password": {
    "stowage-client": CLAIMS,
    "stowage-gateway-authorization": basic("root", "wrong"),
  },
};

/** The realm of the challenge to who asks for /v2/ without credentials. */
async function realmFor(host: string, headers: Headers): Promise<string> {
  const answer = await ask(host, { path: "/v2/", headers });
  assert.equal(answer.status, 401);
  return /realm="([^"]*)"/.exec(answer.headers["www-authenticate"] ?? "")?.[1] ?? "";
}

let pushes = 0;

/** The last event, of a blob that alice has pushed with these headers. */
async function eventOf({ host, url }: Fortress, headers: Headers) {
  const text = `forwarded ${pushes++}`;
  const path = `/v2/acme/app/blobs/uploads/?digest=${digestOf(text)}`;
  const call = { method: "POST", path, body: Buffer.from(text), authorization: basic("alice") };
  const pushed = await ask(host, { ...call, headers });
  assert.equal(pushed.status, 201, pushed.body.toString());
  assert.match(pushed.headers.location ?? "", /^\/v2\/acme\/app\/blobs\/sha256:/);
  const client = createClient(EventService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
  const authorized = { headers: { authorization: basic("root") } };
  const { events } = await client.listEvents({ pageSize: 1000 }, authorized);
  const event = events.findLast(({ actor }) => actor?.name === "alice");
  assert.ok(event?.request !== undefined);
  const { requestId: _id, $typeName: _type, ...request } = event.request;
  return { ...request, actor: event.actor?.name };
}

suite("of a stranger", () => {
  let fortress: Fortress;

  before(async () => {
    const gateways = { REGISTRY_AUTH_GATEWAYS: '["user:root"]' };
    // Somebody is trusted, and it is not the stranger.
    const proxies = { REGISTRY_HTTP_TRUSTEDPROXIES: '["127.0.0.99", "192.0.2.0/24"]' };
    fortress = await openFortress({ settings: { ...gateways, ...proxies } });
  });

  after(() => fortress[Symbol.asyncDispose]());

  for (const [name, headers] of Object.entries(LIES)) {
    test(`${name}: the challenge names the host that was asked for`, async () => {
      assert.equal(await realmFor(fortress.host, headers), `${fortress.url}/auth/token`);
    });

    test(`${name}: the event tells what the connection shows`, async () => {
      const { address, ...rest } = await eventOf(fortress, { ...headers, "user-agent": "honest" });
      assert.match(address, /^127\.0\.0\.1:\d+$/);
      const { host } = fortress;
      assert.deepEqual(rest, {
        host,
        method: "POST",
        userAgent: "honest",
        scheme: "http",
        actor: "alice",
      });
    });

    test(`${name}: nothing opens that was closed`, async () => {
      for (const authorization of [undefined, basic("alice")]) {
        const answer = await ask(fortress.host, { path: "/v2/secret/x/tags/list", headers, authorization });
        assert.equal(answer.status, authorization === undefined ? 401 : 403);
      }
    });
  }

  test("a Host header that is none makes no realm of it", async () => {
    for (const host of ['a"b', "a/b", "a b", "a,b", "user@evil", "http://evil", "evil\\x"])
      assert.doesNotMatch(
        (await ask(fortress.host, { path: "/v2/", headers: { host } })).headers["www-authenticate"] ?? "",
        /Bearer/,
        host,
      );
  });
});

/** The statuses of so many requests one after the other, each with a lie of its own. */
async function statusesOf(host: string, lie: (index: number) => Headers): Promise<ReadonlySet<number>> {
  const statuses = new Set<number>();
  for (let index = 0; index < 30; index += 1)
    statuses.add((await ask(host, { path: "/v2/public/x/tags/list", headers: lie(index) })).status);
  return statuses;
}

const MADE_UP: Readonly<Record<string, (index: number) => Headers>> = {
  "X-Forwarded-For": (index) => ({ "x-forwarded-for": `198.51.100.${index}` }),
  Forwarded: (index) => ({ forwarded: `for=198.51.100.${index}` }),
  "X-Real-IP": (index) => ({ "x-real-ip": `198.51.100.${index}` }),
  "stowage-client": (index) => ({
    "stowage-client": JSON.stringify({ id: "1", method: "GET", address: `198.51.100.${index}:1` }),
  }),
};

/** Twenty at once, and twenty in the twenty seconds after them. */
const RATE = { REGISTRY_HTTP_LIMITS_RATE_ADDRESS: "1", REGISTRY_HTTP_LIMITS_RATE_BURST: "20" };

/** Guesses alice's password so often at once, and resolves when one is refused with 429 or all are answered. */
async function guess({ host }: Fortress, lie: (index: number) => Headers): Promise<readonly number[]> {
  const statuses: number[] = [];
  const refused = Promise.withResolvers<void>();
  const guesses = Array.from({ length: 24 }, async (_, index) => {
    const authorization = basic("alice", `guess ${index}`);
    const { status } = await ask(host, { path: "/v2/", headers: lie(index), authorization });
    statuses.push(status);
    if (status === 429) refused.resolve();
  });
  // Those that are held back end with the server.
  await Promise.race([Promise.allSettled(guesses), refused.promise]);
  return [...statuses];
}

for (const [name, lie] of Object.entries(MADE_UP)) {
  test(`${name} of a stranger gives no new share of the requests`, async () => {
    await using fortress = await openFortress({ settings: RATE });
    assert.ok((await statusesOf(fortress.host, lie)).has(429));
  });

  test(`${name} of a stranger gives no new share of the guesses`, async () => {
    await using fortress = await openFortress();
    assert.ok((await guess(fortress, lie)).includes(429));
  });
}

test("who brings tokens that are none has no more requests than others", async () => {
  await using fortress = await openFortress({ settings: RATE });
  const headers = (index: number) => ({ authorization: `Bearer nonsense-${index}` });
  assert.deepEqual(await statusesOf(fortress.host, headers), new Set([401, 429]));
});

suite("of a trusted proxy", () => {
  const TRUSTED = { REGISTRY_HTTP_TRUSTEDPROXIES: '["127.0.0.0/8"]' };
  let fortress: Fortress;

  before(async () => {
    fortress = await openFortress({ settings: TRUSTED });
  });

  after(() => fortress[Symbol.asyncDispose]());

  for (const name of ["X-Forwarded-*", "Forwarded"]) {
    test(`${name} tells the client and what it asked for`, async () => {
      const headers = LIES[name] ?? {};
      const port = name === "Forwarded" ? "" : ":8443";
      assert.equal(await realmFor(fortress.host, headers), `https://${EVIL}${port}/auth/token`);
      const { address, host, scheme, actor } = await eventOf(fortress, headers);
      assert.deepEqual(
        { address, host, scheme, actor },
        { address: AWAY, host: `${EVIL}${port}`, scheme: "https", actor: "alice" },
      );
    });
  }

  for (const name of ["other names of an address", "other names of a user", "stowage-client"]) {
    test(`${name} tell nothing`, async () => {
      const headers = LIES[name] ?? {};
      assert.equal(await realmFor(fortress.host, headers), `${fortress.url}/auth/token`);
      const { address, actor } = await eventOf(fortress, headers);
      assert.match(address, /^127\.0\.0\.1:/);
      assert.equal(actor, "alice");
    });
  }

  test("what stands left of the nearest stranger is the stranger's word", async () => {
    for (const headers of [
      { "x-forwarded-for": `10.1.2.3, ${AWAY}` },
      { forwarded: `for=10.1.2.3, for=${AWAY}` },
    ])
      assert.equal((await eventOf(fortress, headers)).address, AWAY);
  });

  test("each client has its own share of requests and guesses", async () => {
    for (const name of ["X-Forwarded-For", "Forwarded"]) {
      const lie = MADE_UP[name] ?? (() => ({}));
      await using limited = await openFortress({ settings: { ...TRUSTED, ...RATE } });
      assert.ok(!(await statusesOf(limited.host, lie)).has(429));
      await using guessed = await openFortress({ settings: TRUSTED });
      assert.deepEqual(new Set(await guess(guessed, lie)), new Set([401]));
    }
  });

  test("one client behind it has one share", async () => {
    await using limited = await openFortress({ settings: { ...TRUSTED, ...RATE } });
    assert.ok((await statusesOf(limited.host, () => ({ "x-forwarded-for": AWAY }))).has(429));
  });
});

test("a gateway that has proved who it is tells of its client, and not who that is", async () => {
  await using fortress = await openFortress({ settings: { REGISTRY_AUTH_GATEWAYS: '["user:root"]' } });
  const headers = { "stowage-client": CLAIMS, "stowage-gateway-authorization": basic("root") };
  assert.equal(await realmFor(fortress.host, headers), `https://${EVIL}/auth/token`);
  const { address, host, scheme, actor } = await eventOf(fortress, headers);
  const seen = { address: `${AWAY}:4711`, host: EVIL, scheme: "https", actor: "alice" };
  assert.deepEqual({ address, host, scheme, actor }, seen);
});
