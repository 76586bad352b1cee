// Who may make, see and revoke whose access tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANONYMOUS, type Principal, principal } from "../../src/auth/principal.ts";
import { ALICE, BOB, CI, ROOT, TokenCounter } from "./token-counter.ts";
import { refusal } from "./token-office.ts";

const plain = { description: "", scopes: [] };
const all = { owner: "", all: false, limit: 100 };

const ids = ({ items }: { readonly items: readonly { readonly id: string }[] }) => items.map(({ id }) => id);

test("everybody makes, sees and revokes their own", async () => {
  await using counter = await TokenCounter.open();
  for (const caller of [ALICE, CI]) {
    const { record } = await counter.tokenDesk.create(caller, "", plain);
    assert.equal(record.owner, caller.id);
    assert.deepEqual(ids(await counter.tokenDesk.list(caller, all)), [record.id]);
    await counter.tokenDesk.revoke(caller, record.id);
    assert.deepEqual(ids(await counter.tokenDesk.list(caller, all)), []);
  }
});

test("others' are out of reach, and do not show", async () => {
  await using counter = await TokenCounter.open();
  const { record } = await counter.tokenDesk.create(ALICE, "", plain);
  assert.match(await refusal(counter.tokenDesk.create(BOB, "alice", plain)), /^DENIED: /);
  assert.match(await refusal(counter.tokenDesk.list(BOB, { ...all, owner: "user:alice" })), /^DENIED: /);
  assert.match(await refusal(counter.tokenDesk.list(BOB, { ...all, all: true })), /^DENIED: /);
  const mine = await refusal(counter.tokenDesk.revoke(BOB, record.id));
  const nobodys = await refusal(counter.tokenDesk.revoke(BOB, record.id.replace(/.$/, "x")));
  assert.match(mine, /^ACCESS_TOKEN_UNKNOWN: /);
  assert.equal(mine.replace(/"[^"]*"/, ""), nobodys.replace(/"[^"]*"/, ""));
  assert.ok(counter.accessTokens.isGood(record.id));
});

test("who administrates does all of that for others", async () => {
  await using counter = await TokenCounter.open();
  const { record } = await counter.tokenDesk.create(ROOT, "alice", plain);
  assert.equal(record.owner, "user:alice");
  const robots = await counter.tokenDesk.create(ROOT, "robot:ci", plain);
  assert.deepEqual(ids(await counter.tokenDesk.list(ROOT, { ...all, owner: "alice" })), [record.id]);
  assert.deepEqual(ids(await counter.tokenDesk.list(ROOT, { ...all, all: true })), [
    record.id,
    robots.record.id,
  ]);
  assert.deepEqual(ids(await counter.tokenDesk.list(ROOT, all)), []);
  await counter.tokenDesk.revoke(ROOT, record.id);
  assert.ok(!counter.accessTokens.isGood(record.id));
});

test("there are tokens only for who stands in a file", async () => {
  await using counter = await TokenCounter.open();
  for (const caller of [principal("oidc", "github:x"), principal("cert", "build"), principal("user", "gone")])
    assert.match(await refusal(counter.tokenDesk.create(caller, "", plain)), /^DENIED: /);
  assert.match(await refusal(counter.tokenDesk.create(ROOT, "oidc:github:x", plain)), /^DENIED: /);
});

test("who is nobody is asked who they are", async () => {
  await using counter = await TokenCounter.open();
  const { tokenDesk } = counter;
  for (const call of [
    tokenDesk.create(ANONYMOUS, "", plain),
    tokenDesk.list(ANONYMOUS, all),
    tokenDesk.revoke(ANONYMOUS, "x"),
  ])
    assert.match(await refusal(call), /^UNAUTHORIZED: /);
});

test("no token makes tokens, not even an administrator's", async () => {
  await using counter = await TokenCounter.open();
  for (const owner of ["user:alice", "user:root"]) {
    const { token } = await counter.accessTokens.create(owner, plain);
    const holder = await counter.bearer(token);
    assert.match(await refusal(counter.tokenDesk.create(holder, "", plain)), /^DENIED: /);
    const issued = await counter.issue({ caller: holder });
    assert.match(
      await refusal(counter.tokenDesk.create(await counter.bearer(issued.token), "", plain)),
      /^DENIED: /,
    );
    const own = await counter.issue({ caller: counter.people.get(owner) ?? ANONYMOUS });
    assert.match(
      await refusal(counter.tokenDesk.create(await counter.bearer(own.token), "", plain)),
      /^DENIED: /,
    );
  }
});

test("a token for a part of what its owner may do ends itself and no other one", async () => {
  await using counter = await TokenCounter.open();
  const other = await counter.accessTokens.create("user:alice", plain);
  const scopes = ["repository:acme/**:pull"];
  const { token, record } = await counter.accessTokens.create("user:alice", { description: "", scopes });
  const holder: Principal = await counter.bearer(token);
  assert.match(await refusal(counter.tokenDesk.list(holder, all)), /^DENIED: /);
  assert.match(await refusal(counter.tokenDesk.revoke(holder, other.record.id)), /^DENIED: /);
  await counter.tokenDesk.revoke(holder, record.id);
  assert.match(await refusal(counter.bearer(token)), /^UNAUTHORIZED: /);
  assert.ok(counter.accessTokens.isGood(other.record.id));
});

test("an access token is refused as soon as its owner is gone", async () => {
  await using counter = await TokenCounter.open();
  const { token } = await counter.accessTokens.create("user:alice", plain);
  assert.equal((await counter.bearer(token)).id, "user:alice");
  counter.people.delete("user:alice");
  assert.match(await refusal(counter.bearer(token)), /^UNAUTHORIZED: /);
});
