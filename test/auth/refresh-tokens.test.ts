// Refresh tokens: how long they are good, how many there are, and that nobody can read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOfToken } from "../../src/auth/secret-token.ts";
import { CONFIG, HOUR, TokenOffice } from "./token-office.ts";

const grant = { principal: "user:alice", clientId: "docker", fingerprint: "f1" };

test("a token says what it was given for until its time is over", async () => {
  await using office = await TokenOffice.open();
  const tokens = office.refreshTokens();
  const token = await tokens.create(grant);
  assert.match(token, /^stor_/);
  office.clock.time += CONFIG.refreshLifetimeMs - 1;
  const found = await tokens.check(token);
  assert.deepEqual({ ...found, ...grant }, found);
  assert.equal(await tokens.check(`${token.slice(0, -1)}_`), undefined);
  office.clock.time += 1;
  assert.equal(await tokens.check(token), undefined);
});

test("only its hash is kept", async () => {
  await using office = await TokenOffice.open();
  const token = await office.refreshTokens().create(grant);
  await office.expectNowhere(token);
  assert.ok((await office.rows()).some(({ key }) => key === `v/${hashOfToken(token)}`));
});

test("a token ends with the access token that it was had for", async () => {
  await using office = await TokenOffice.open();
  const accessTokens = await office.accessTokens();
  const tokens = office.refreshTokens(accessTokens);
  const { record } = await accessTokens.create("user:alice", { description: "", scopes: [] });
  const token = await tokens.create({ principal: "user:alice", clientId: "", accessTokenId: record.id });
  assert.equal((await tokens.check(token))?.accessTokenId, record.id);
  await accessTokens.revoke(record.id);
  assert.equal(await tokens.check(token), undefined);
  assert.equal(await tokens.purge(), 1);
  assert.deepEqual(await office.rows(), []);
});

test("a token ends no later than is said", async () => {
  await using office = await TokenOffice.open();
  const tokens = office.refreshTokens();
  const token = await tokens.create(grant, office.clock.time + HOUR);
  office.clock.time += HOUR;
  assert.equal(await tokens.check(token), undefined);
});

test("the oldest makes room, also when many are made at once, and others' stay", async () => {
  await using office = await TokenOffice.open();
  const tokens = office.refreshTokens(undefined, 3);
  const oldest = await tokens.create(grant);
  const others = await tokens.create({ ...grant, principal: "user:bob" });
  const made = await Promise.all(Array.from({ length: 6 }, () => tokens.create(grant)));
  const good = await Promise.all(made.map((token) => tokens.check(token)));
  assert.equal(good.filter((one) => one !== undefined).length, 3);
  assert.equal(await tokens.check(oldest), undefined);
  assert.ok(await tokens.check(others));
  assert.equal((await office.rows()).filter(({ key }) => key.startsWith("v/")).length, 4);
});

test("purging removes what is over and nothing else", async () => {
  await using office = await TokenOffice.open();
  const tokens = office.refreshTokens();
  const short = await tokens.create(grant, office.clock.time + HOUR);
  const long = await tokens.create(grant);
  await tokens.create({ ...grant, principal: "user:bob" }, office.clock.time + HOUR);
  office.clock.time += HOUR;
  assert.equal(await tokens.purge(), 2);
  assert.ok(await tokens.check(long));
  const rows = await office.rows();
  assert.ok(rows.every(({ key, text }) => !`${key}${text}`.includes(hashOfToken(short))));
  assert.deepEqual(
    rows.filter(({ key }) => key.startsWith("j/")).map(({ key }) => key),
    ["j/user:alice"],
  );
});

test("what a client calls itself is cut to a length", async () => {
  await using office = await TokenOffice.open();
  const tokens = office.refreshTokens();
  const token = await tokens.create({ ...grant, clientId: "c".repeat(5000) });
  assert.equal((await tokens.check(token))?.clientId, "c".repeat(128));
});
