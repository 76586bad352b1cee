// Who gets a bearer token for what, and with what: passwords, refresh tokens, tokens of
// others, and the call's own credentials.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANONYMOUS, principal } from "../../src/auth/principal.ts";
import { ALICE, CI, ROOT, TokenCounter } from "./token-counter.ts";
import { CONFIG, HOUR, MINUTE, refusal } from "./token-office.ts";

const password = { kind: "password", username: "alice", password: "secret" } as const;

test("of the scopes that are asked for, a token gets what is allowed, each resource once", async () => {
  await using counter = await TokenCounter.open();
  const { token, scopes } = await counter.issue({
    scopes: [
      "repository:acme/app:pull",
      "repository:acme/app:push,delete",
      "repository:acme/all:*",
      "repository(plugin):acme/plugin:pull,push",
      "repository:public/alpine:pull,push",
      "repository:private/x:pull",
      "repository:NOT//A NAME:pull",
      "registry:catalog:*",
      "registry:admin:*",
      "nonsense",
      "",
    ],
  });
  const expected = [
    "repository:acme/app:pull,push",
    "repository:acme/all:pull,push",
    "repository(plugin):acme/plugin:pull,push",
    "repository:public/alpine:pull",
    "registry:catalog:*",
  ];
  assert.deepEqual(scopes, expected);
  const { limit } = await counter.bearer(token);
  assert.deepEqual(limit?.access.at(2), {
    type: "repository",
    class: "plugin",
    name: "acme/plugin",
    actions: ["pull", "push"],
  });
  assert.equal(limit?.access.length, expected.length);
});

test("several scopes may stand in one text, as OAuth 2.0 has it", async () => {
  await using counter = await TokenCounter.open();
  const { scopes } = await counter.issue({ scopes: ["repository:acme/a:pull  repository:acme/b:push"] });
  assert.deepEqual(scopes, ["repository:acme/a:pull", "repository:acme/b:push"]);
});

test("too many scopes, or too long ones, are refused", async () => {
  await using counter = await TokenCounter.open();
  const one = "repository:acme/a:pull";
  const list = (count: number) => Array.from({ length: count }, () => one);
  await counter.issue({ scopes: list(100) });
  for (const scopes of [list(101), [list(101).join(" ")], [`repository:${"a".repeat(512)}:pull`]])
    assert.match(await refusal(counter.issue({ scopes })), /^REQUEST_INVALID: /);
});

test("who shows nothing gets a token for what anybody may do", async () => {
  await using counter = await TokenCounter.open();
  const scopes = ["repository:public/alpine:pull", "repository:acme/app:pull"];
  const answer = await counter.issue({ caller: ANONYMOUS, scopes, offline: true });
  assert.deepEqual(answer.scopes, ["repository:public/alpine:pull"]);
  assert.equal(answer.refreshToken, undefined);
  assert.equal((await counter.bearer(answer.token)).kind, "anonymous");
});

test("a password is a grant, and where it was tried from is told", async () => {
  await using counter = await TokenCounter.open();
  const { token } = await counter.issue({ caller: ANONYMOUS, grant: password, address: "192.0.2.1" });
  assert.equal((await counter.bearer(token)).id, "user:alice");
  const wrong = { ...password, password: "guess" };
  assert.match(await refusal(counter.issue({ grant: wrong, address: "192.0.2.2" })), /^UNAUTHORIZED: /);
  assert.deepEqual(counter.addresses, ["192.0.2.1", "192.0.2.2"]);
});

test("a service that is not ours is refused", async () => {
  await using counter = await TokenCounter.open();
  await counter.issue({ service: CONFIG.service });
  assert.match(
    await refusal(counter.issue({ service: "elsewhere" })),
    /^REQUEST_INVALID: service "elsewhere" is not ours, which is "registry.example.com"/,
  );
});

test("a refresh token gives tokens for what its user may do now, without a new refresh token", async () => {
  await using counter = await TokenCounter.open();
  const { refreshToken: token = "" } = await counter.issue({ grant: password, offline: true });
  const grant = { kind: "refresh", token } as const;
  const scopes = ["repository:acme/app:pull"];
  const answer = await counter.issue({ caller: ANONYMOUS, grant, scopes, offline: true, clientId: "other" });
  assert.deepEqual(answer.scopes, scopes);
  assert.equal(answer.refreshToken, undefined);
  counter.people.set(ALICE.id, principal("user", "alice")); // no longer in the group "dev"
  assert.deepEqual((await counter.issue({ grant, scopes })).scopes, []);
});

test("a refresh token ends with its user, and with the password that it was had for", async () => {
  await using counter = await TokenCounter.open();
  const { refreshToken: token = "" } = await counter.issue({ grant: password, offline: true });
  const grant = { kind: "refresh", token } as const;
  counter.passwords.set(ALICE.id, "a better one");
  assert.match(await refusal(counter.issue({ grant })), /^UNAUTHORIZED: /);
  counter.passwords.delete(ALICE.id);
  await counter.issue({ grant });
  counter.people.delete(ALICE.id);
  assert.match(await refusal(counter.issue({ grant })), /^UNAUTHORIZED: /);
});

test("what an access token is limited to goes on in bearer and refresh tokens, and so does its end", async () => {
  await using counter = await TokenCounter.open();
  const scopes = ["repository:acme/app:pull"];
  const { token, record } = await counter.accessTokens.create(ALICE.id, { description: "", scopes });
  const grant = { kind: "password", username: "whoever", password: token } as const;
  const asked = { scopes: ["repository:acme/app:pull,push", "repository:acme/b:pull"] };
  const answer = await counter.issue({ caller: ANONYMOUS, grant, offline: true, ...asked });
  assert.deepEqual(answer.scopes, scopes);
  const refresh = { kind: "refresh", token: answer.refreshToken ?? "" } as const;
  const again = await counter.issue({ caller: ANONYMOUS, grant: refresh, ...asked });
  assert.deepEqual(again.scopes, scopes);
  for (const bearer of [answer.token, again.token])
    assert.equal((await counter.bearer(bearer)).tokenId, record.id);
  counter.passwords.set(ALICE.id, "a better one"); // the access token does not depend on it
  await counter.issue({ grant: refresh });
  await counter.accessTokens.revoke(record.id);
  for (const bearer of [answer.token, again.token])
    assert.match(await refusal(counter.bearer(bearer)), /^UNAUTHORIZED: /);
  assert.match(await refusal(counter.issue({ grant: refresh })), /^UNAUTHORIZED: /);
  assert.match(await refusal(counter.issue({ grant })), /^UNAUTHORIZED: /);
});

test("a bearer token ends no later than the access token that it was had for", async () => {
  await using counter = await TokenCounter.open();
  const expireTime = counter.office.clock.time + MINUTE;
  const { token } = await counter.accessTokens.create(ALICE.id, { description: "", scopes: [], expireTime });
  const answer = await counter.issue({ grant: { kind: "subject", token } });
  assert.equal(answer.expireTime, expireTime);
  counter.office.clock.time = expireTime;
  assert.match(await refusal(counter.bearer(answer.token)), /^UNAUTHORIZED: /);
});

test("a robot's own scopes hold whatever its tokens allow", async () => {
  await using counter = await TokenCounter.open();
  const scopes = ["repository:acme/app:pull,push"];
  const { token } = await counter.accessTokens.create(CI.id, { description: "", scopes });
  const answer = await counter.issue({ grant: { kind: "subject", token }, scopes });
  assert.deepEqual(answer.scopes, ["repository:acme/app:pull"]);
  assert.deepEqual((await counter.bearer(answer.token)).limit?.within?.within, CI.limit);
});

test("a bearer token cannot be had with a bearer token, in whatever place it stands", async () => {
  await using counter = await TokenCounter.open();
  const { token } = await counter.issue({ scopes: ["repository:acme/app:pull"] });
  const caller = await counter.bearer(token);
  for (const request of [
    { caller },
    { grant: { kind: "subject", token } },
    { grant: { kind: "password", username: "alice", password: token } },
    { grant: { kind: "refresh", token } },
  ] as const)
    assert.match(await refusal(counter.issue({ ...request, offline: true })), /^UNAUTHORIZED: /);
});

test("a refresh token is nothing but that: it neither opens a door nor counts as somebody else's token", async () => {
  await using counter = await TokenCounter.open();
  const { refreshToken: token = "" } = await counter.issue({ grant: password, offline: true });
  assert.match(await refusal(counter.bearer(token)), /^UNAUTHORIZED: /);
  for (const grant of [
    { kind: "subject", token },
    { kind: "password", username: "alice", password: token },
  ] as const)
    assert.match(await refusal(counter.issue({ grant })), /^UNAUTHORIZED: /);
  await counter.office.expectNowhere(token);
});

test("who stands in no file gets no refresh token", async () => {
  await using counter = await TokenCounter.open();
  const strangers = [
    ANONYMOUS,
    principal("cert", "build"),
    principal("oidc", "github:repo:acme/app"),
    principal("user", "nobody"),
    principal("user", "alice", { isForeign: true }),
  ];
  for (const caller of strangers)
    assert.equal((await counter.issue({ caller, offline: true })).refreshToken, undefined, caller.id);
  assert.ok((await counter.issue({ caller: ROOT, offline: true })).refreshToken !== undefined);
  assert.equal((await counter.issue({ caller: ROOT })).refreshToken, undefined);
});

test("who may come in until a certain time gets no refresh token for longer", async () => {
  await using counter = await TokenCounter.open();
  const caller = principal("user", "alice", { expireTime: counter.office.clock.time + HOUR });
  const { refreshToken: token = "" } = await counter.issue({ caller, offline: true });
  counter.office.clock.time += HOUR;
  assert.match(await refusal(counter.issue({ grant: { kind: "refresh", token } })), /^UNAUTHORIZED: /);
});
