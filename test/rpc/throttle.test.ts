// How often a client may come: by name and by address, and how many uploads at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANONYMOUS, principal } from "../../src/auth/principal.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { Throttle, type ThrottleOptions } from "../../src/rpc/throttle.ts";

const alice = principal("user", "alice");
const bob = principal("user", "bob");

function throttle(rates: Partial<ThrottleOptions["rates"]>, maxUploads = 0): Throttle {
  return new Throttle({ maxUploads, rates: { principal: 0, address: 0, burst: 60, ...rates } });
}

function isTooMany(error: unknown): boolean {
  assert.ok(error instanceof RegistryError);
  assert.equal(error.code, "TOOMANYREQUESTS");
  const seconds = Number(error.metadata.retry_after);
  assert.ok(seconds >= 1 && seconds <= 60, `retry_after is ${seconds}`);
  return true;
}

type Client = Parameters<Throttle["upload"]>[0];

async function come(limits: Throttle, { principal: who, address }: Client): Promise<void> {
  await limits.countAddress(address);
  await limits.countPrincipal(who);
}

async function spend(limits: Throttle, count: number, client: Client): Promise<void> {
  for (let index = 0; index < count; index++) await come(limits, client);
}

test("without rates nothing is counted, and nobody waits", () => {
  const limits = throttle({});
  assert.equal(limits.countAddress("192.0.2.1"), undefined);
  assert.equal(limits.countPrincipal(alice), undefined);
});

test("a principal has its share wherever it comes from, and others have theirs", async () => {
  const limits = throttle({ principal: 1, burst: 60 });
  await spend(limits, 59, { principal: alice, address: "192.0.2.1" });
  await spend(limits, 1, { principal: alice, address: "192.0.2.2" });
  await assert.rejects(async () => come(limits, { principal: alice, address: "192.0.2.3" }), isTooMany);
  await spend(limits, 1, { principal: bob, address: "192.0.2.1" });
  await spend(limits, 100, { principal: ANONYMOUS, address: "192.0.2.1" });
});

test("an address has its share whoever comes from it; one IPv6 network counts as one", async () => {
  const limits = throttle({ address: 1, burst: 60 });
  await spend(limits, 30, { principal: alice, address: "2001:db8::1" });
  await spend(limits, 30, { principal: ANONYMOUS, address: "2001:db8::ffff:2" });
  await assert.rejects(async () => come(limits, { principal: bob, address: "2001:db8:0:0:1::1" }), isTooMany);
  await spend(limits, 1, { principal: bob, address: "2001:db8:0:1::1" });
});

test("a client writes so many uploads at once, and more when one has ended", () => {
  const limits = throttle({}, 2);
  const client = { principal: alice, address: "192.0.2.1" };
  const first = limits.upload(client);
  limits.upload(client);
  assert.throws(() => limits.upload(client), isTooMany);
  limits.upload({ principal: bob, address: "192.0.2.1" });
  first[Symbol.dispose]();
  limits.upload(client);
  assert.throws(() => limits.upload(client), isTooMany);
});

test("who has no name is known by the address", () => {
  const limits = throttle({}, 1);
  limits.upload({ principal: ANONYMOUS, address: "192.0.2.1" });
  assert.throws(() => limits.upload({ principal: undefined, address: "192.0.2.1" }), isTooMany);
  limits.upload({ principal: ANONYMOUS, address: "192.0.2.2" });
});
