// Access tokens: made, used, listed, revoked; and that nobody can read them anywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessTokens } from "../../src/auth/access-tokens.ts";
import { hashOfToken, makeSecretToken } from "../../src/auth/secret-token.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { accessTokenKey } from "../../src/metadata/keys.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { DAY, HOUR, MINUTE, refusal, TokenOffice } from "./token-office.ts";

const ALICE = "user:alice";

const plain = { description: "", scopes: [] };

test("a new token is good, and says whose it is and what it is for", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const expireTime = office.clock.time + HOUR;
  const scopes = ["repository:acme/**:pull,push", "registry:catalog:*"];
  const { token, record } = await tokens.create(ALICE, { description: "laptop", scopes, expireTime });
  assert.match(token, /^stow_/);
  const createTime = office.clock.time;
  assert.deepEqual(record, {
    id: record.id,
    owner: ALICE,
    description: "laptop",
    scopes,
    createTime,
    expireTime,
  });
  assert.deepEqual(await tokens.check(token), {
    tokenId: record.id,
    ownerId: ALICE,
    scopes: [
      { type: "repository", name: "acme/**", actions: ["pull", "push"] },
      { type: "registry", name: "catalog", actions: ["*"] },
    ],
    expireTime,
  });
});

test("only its hash is kept", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const { token } = await tokens.create(ALICE, plain);
  await tokens.check(token);
  await tokens.close();
  await office.expectNowhere(token);
  assert.ok((await office.rows()).some(({ key }) => key === `i/${hashOfToken(token)}`)); // the search would find it
});

test("what is no token, or nobody's, is nobody", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const { token } = await tokens.create(ALICE, plain);
  for (const text of [
    makeSecretToken("stow_"),
    makeSecretToken("stor_"),
    token.slice(0, -1),
    token.toUpperCase(),
    "",
  ])
    assert.equal(await tokens.check(text), undefined);
});

test("a revoked token is refused from that moment on, and nothing of it is left", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const { token, record } = await tokens.create(ALICE, plain);
  assert.ok(tokens.isGood(record.id));
  await tokens.revoke(record.id);
  assert.ok(!tokens.isGood(record.id));
  assert.ok(!tokens.use(record.id));
  assert.equal(await tokens.check(token), undefined);
  assert.equal(await tokens.find(record.id), undefined);
  assert.match(await refusal(tokens.revoke(record.id)), /^ACCESS_TOKEN_UNKNOWN: /);
  await tokens.close(); // writing down that it was used does not bring it back
  assert.deepEqual(await office.rows(), []);
});

test("a check that a revocation overtakes does not bring the token back", async () => {
  await using office = await TokenOffice.open();
  const makers = await office.accessTokens();
  const { token, record } = await makers.create(ALICE, plain);
  const tokens = new AccessTokens(office.common); // has never heard of it, like another process
  const read = office.metadata.get.bind(office.metadata);
  let interrupt = true;
  office.metadata.get = async (key) => {
    const found = await read(key);
    if (interrupt && key.text === accessTokenKey(record.id).text) {
      interrupt = false;
      await tokens.revoke(record.id);
    }
    return found;
  };
  assert.equal(await tokens.check(token), undefined);
  assert.ok(!tokens.isGood(record.id));
});

test("an expired token is refused, listed for 30 days, and then gone", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const { token, record } = await tokens.create(ALICE, { ...plain, expireTime: office.clock.time + HOUR });
  const { record: other } = await tokens.create(ALICE, plain);
  const ids = async () => (await tokens.list({ owner: ALICE, limit: 10 })).items.map(({ id }) => id);
  office.clock.time += HOUR - 1;
  assert.ok(await tokens.check(token));
  office.clock.time += 1;
  assert.equal(await tokens.check(token), undefined);
  assert.ok(!tokens.isGood(record.id));
  office.clock.time += 30 * DAY - 1;
  assert.equal(await tokens.purge(), 0);
  assert.deepEqual(await ids(), [record.id, other.id]);
  office.clock.time += 1;
  assert.equal(await tokens.purge(), 1);
  assert.deepEqual(await ids(), [other.id]);
  assert.match(await refusal(tokens.get(record.id)), /^ACCESS_TOKEN_UNKNOWN/);
});

test("lists go page by page, oldest first, an owner's or everybody's", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const made: { readonly owner: string; readonly id: string }[] = [];
  for (let index = 0; index < 7; index++) {
    office.clock.time += 1;
    const owner = index % 2 === 0 ? ALICE : "user:alice/x";
    made.push((await tokens.create(owner, plain)).record);
  }
  const walk = async (owner?: string) => {
    const found: string[] = [];
    for (let more = true; more; ) {
      const page = await tokens.list({ owner, after: found.at(-1), limit: 2 });
      found.push(...page.items.map(({ id }) => id));
      more = page.more;
    }
    return found;
  };
  assert.deepEqual(
    await walk(),
    made.map(({ id }) => id),
  );
  assert.deepEqual(
    await walk(ALICE),
    made.filter(({ owner }) => owner === ALICE).map(({ id }) => id),
  );
  assert.deepEqual(await walk("user:bob"), []);
});

test("an owner has so many tokens and no more, also when they are made at once; expired ones make room", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens({ mostPerOwner: 3 });
  const soon = { ...plain, expireTime: office.clock.time + MINUTE };
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => tokens.create(ALICE, soon)));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 3);
  assert.match(await refusal(tokens.create(ALICE, plain)), /^TOOMANYREQUESTS: .*3 access tokens/);
  await tokens.create("user:bob", plain);
  office.clock.time += MINUTE;
  const { record } = await tokens.create(ALICE, plain);
  const { items } = await tokens.list({ owner: ALICE, limit: 10 });
  assert.deepEqual(
    items.map(({ id }) => id),
    [record.id],
  );
});

test("when a token was last used is listed at once, written down by the minute, and kept", async () => {
  const directory = await makeTemporaryDirectory();
  try {
    let id = "";
    let used = 0;
    {
      await using office = new TokenOffice(await LevelEngine.open(directory));
      const tokens = await office.accessTokens();
      const { token, record } = await tokens.create(ALICE, plain);
      id = record.id;
      assert.equal((await tokens.get(id)).lastUseTime, undefined);
      office.clock.time += HOUR;
      await tokens.check(token);
      assert.equal((await tokens.get(id)).lastUseTime, office.clock.time);
      office.clock.time += HOUR;
      assert.ok(tokens.use(id));
      assert.ok(tokens.isGood(id));
      used = office.clock.time;
      assert.equal((await office.metadata.get(accessTokenKey(id)))?.lastUseTime, undefined);
    }
    await using office = new TokenOffice(await LevelEngine.open(directory));
    const tokens = await office.accessTokens();
    assert.ok(tokens.isGood(id)); // from the first moment on
    assert.equal((await tokens.get(id)).lastUseTime, used);
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

test("uses are written in one commit a minute", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens();
  const made = [await tokens.create(ALICE, plain), await tokens.create(ALICE, plain)];
  let commits = 0;
  const commit = office.metadata.commit.bind(office.metadata);
  office.metadata.commit = (change) => {
    commits++;
    return commit(change);
  };
  for (let index = 0; index < 100; index++) for (const { token } of made) await tokens.check(token);
  context.mock.timers.tick(MINUTE - 1);
  assert.equal(commits, 0);
  context.mock.timers.tick(1);
  await tokens.close();
  assert.equal(commits, 1);
});

test("a second process knows the token from the catalogue", async () => {
  await using office = await TokenOffice.open();
  const [first, second] = [await office.accessTokens(), await office.accessTokens()];
  const { token, record } = await first.create(ALICE, plain);
  assert.equal((await second.check(token))?.tokenId, record.id);
  assert.ok(second.isGood(record.id));
  await first.revoke(record.id);
  assert.equal(await second.check(token), undefined);
});

test("what a token may not be is refused with the reason", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens({ maxLifetimeMs: 90 * DAY });
  const now = office.clock.time;
  const cases: readonly [Partial<Parameters<AccessTokens["create"]>[1]>, RegExp][] = [
    [{ description: "x".repeat(201) }, /201 characters/],
    [{ description: "two\nlines" }, /control characters/],
    [{ description: "\u202Egnp.exe" }, /control characters/],
    [{ description: "bell\u0007" }, /control characters/],
    [{ scopes: ["repository:acme"] }, /"repository:acme" is no scope/],
    [{ scopes: ["repository:acme:fetch"] }, /fetch/],
    [{ scopes: ["repository:acme\\:pull"] }, /ends with/],
    [{ scopes: ["registry:everything:*"] }, /"everything"/],
    [{ scopes: Array.from({ length: 101 }, () => "repository:a:pull") }, /101 scopes/],
    [{ scopes: Array.from({ length: 9 }, () => `repository:${"a".repeat(500)}:pull`) }, /characters/],
    [{ expireTime: now }, /in the past/],
    [{ expireTime: Number.NaN }, /in the past/],
    [{ expireTime: now + 90 * DAY + 2 * MINUTE }, /too late/],
    [{ expireTime: 1e300 }, /9999/],
  ];
  for (const [request, reason] of cases) {
    const words = await refusal(tokens.create(ALICE, { ...plain, ...request }));
    assert.match(words, /^REQUEST_INVALID: /);
    assert.match(words, reason);
  }
  assert.deepEqual(await office.rows(), []);
  const { record } = await tokens.create(ALICE, { ...plain, description: "x".repeat(200) });
  assert.equal(record.expireTime, now + 90 * DAY);
});

test("a token that could not be written is not good", async () => {
  await using office = await TokenOffice.open();
  const tokens = await office.accessTokens({ newId: () => "one" });
  const commit = office.metadata.commit.bind(office.metadata);
  office.metadata.commit = () => Promise.reject(new Error("the disk is full"));
  await assert.rejects(tokens.create(ALICE, plain), /the disk is full/);
  office.metadata.commit = commit;
  assert.ok(!tokens.isGood("one"));
});

test("tokens are found again by another catalogue over the same rows", async () => {
  await using office = await TokenOffice.open();
  const { token } = await (await office.accessTokens()).create(ALICE, plain);
  const again = await office.accessTokens({ metadata: new Catalogue(office.engine) });
  assert.equal((await again.check(token))?.ownerId, ALICE);
});
