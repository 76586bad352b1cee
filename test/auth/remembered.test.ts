// Credentials that were right a moment ago.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { principal } from "../../src/auth/principal.ts";
import { Remembered } from "../../src/auth/remembered.ts";

const alice = principal("user", "alice");

test("a credential is remembered for five minutes, and only itself", () => {
  let now = 1000;
  const remembered = new Remembered({ now: () => now });
  remembered.set("Basic YWxpY2U6eA==", alice);
  assert.equal(remembered.get("Basic YWxpY2U6eA=="), alice);
  assert.equal(remembered.get("Basic YWxpY2U6eA"), undefined);
  assert.equal(remembered.get(""), undefined);
  now += 299_999;
  assert.equal(remembered.get("Basic YWxpY2U6eA=="), alice);
  now += 1;
  assert.equal(remembered.get("Basic YWxpY2U6eA=="), undefined);
  assert.equal(remembered.size, 0);
});

test("asking does not make it last longer", () => {
  let now = 0;
  const remembered = new Remembered({ now: () => now, lifetimeMs: 10 });
  remembered.set("a", alice);
  for (; now < 10; now++) assert.equal(remembered.get("a"), alice);
  assert.equal(remembered.get("a"), undefined);
});

test("it is not remembered longer than it holds", () => {
  let now = 1000;
  const remembered = new Remembered({ now: () => now });
  const guest = principal("user", "guest", { expireTime: 1500 });
  remembered.set("a", guest);
  now = 1499;
  assert.equal(remembered.get("a"), guest);
  now = 1500;
  assert.equal(remembered.get("a"), undefined);
  remembered.set("a", guest);
  assert.equal(remembered.size, 0, "what has ended is not remembered at all");
});

test("a clock that is set back makes nothing last longer", () => {
  let now = 1_000_000;
  const remembered = new Remembered({ now: () => now });
  remembered.set("a", alice);
  now -= 1;
  assert.equal(remembered.get("a"), undefined);
});

test("clear forgets all", () => {
  const remembered = new Remembered({ now: () => 0 });
  remembered.set("a", alice);
  remembered.clear();
  assert.equal(remembered.get("a"), undefined);
});

test("there is a limit, and the ones unused for longest go first", () => {
  const remembered = new Remembered({ now: () => 0 });
  remembered.set("first", alice);
  remembered.set("second", alice);
  for (let index = 0; index < 9_999; index++) {
    remembered.set(`more ${index}`, alice);
    remembered.get("first");
  }
  assert.equal(remembered.size, 10_000);
  assert.equal(remembered.get("first"), alice);
  assert.equal(remembered.get("second"), undefined);
});

test("keys are salted: two processes keep different ones, and none is the text", () => {
  const keys: string[] = [];
  // What the object keeps is private; the set of the cache's own map is where keys go.
  const set = Map.prototype.set;
  Map.prototype.set = function (this: Map<unknown, unknown>, key: unknown, value: unknown) {
    keys.push(inspect(key));
    return set.call(this, key, value);
  } as typeof set;
  try {
    for (let process = 0; process < 2; process++)
      new Remembered({ now: () => 0 }).set("Basic c2VjcmV0", alice);
  } finally {
    Map.prototype.set = set;
  }
  assert.equal(keys.length, 2);
  assert.notEqual(keys[0], keys[1]);
  for (const key of keys) assert.match(key, /^'[\w-]{43}'$/);
});
