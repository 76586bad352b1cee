// What belongs to others: their consumers, blobs, referrers and access tokens can be
// neither seen nor used nor ended, and look as if they were not there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { stringify } from "yaml";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import {
  ACCOUNTS,
  ask,
  basic,
  bearer,
  by,
  codeOf,
  type Fortress,
  fetchToken,
  openFortress,
  type Pushed,
  push,
} from "./fortress.ts";

let fortress: Fortress;
let app: Pushed;

const transport = () => createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
const auth = () => createClient(AuthService, transport());
const events = () => createClient(EventService, transport());
const blobs = () => createClient(BlobService, transport());

before(async () => {
  fortress = await openFortress();
  const { host } = fortress;
  const secret = await push(host, { repository: "secret/x", tag: "v1", text: "secret" });
  app = await push(host, { repository: "acme/app", tag: "v1", text: "app" });
  await push(host, { repository: "acme/other", tag: "v1", text: "other" });
  const mounted = { repository: "acme/app", fromRepository: "secret/x", digest: secret.blob };
  await blobs().mountBlob(mounted, by(basic("root")));
  await push(host, { repository: "secret/x", tag: "about-acme", text: "referrer", subject: app });
});

after(() => fortress[Symbol.asyncDispose]());

test("who is nobody, with a token or without, is told no events and has no tokens", async () => {
  const token = await fetchToken(fortress.host, "registry:events:* registry:catalog:*");
  for (const authorization of [undefined, bearer(token)]) {
    const calls = [
      events().listEvents({}, by(authorization)),
      events().createConsumer({ consumer: "nobody" }, by(authorization)),
      auth().listAccessTokens({}, by(authorization)),
      auth().createAccessToken({ description: "x" }, by(authorization)),
    ];
    for (const call of calls) assert.equal(await codeOf(call), Code.Unauthenticated);
  }
});

test("a token for a repository does not list, and says what would", async () => {
  const authorization = bearer(await fetchToken(fortress.host, "repository:acme/app:pull", basic("alice")));
  const { status, headers } = await ask(fortress.host, { path: "/v2/_catalog", authorization });
  assert.equal(status, 401);
  const challenge = headers["www-authenticate"] ?? "";
  assert.match(challenge, /scope="registry:catalog:\*",error="insufficient_scope"$/);
  assert.equal(await codeOf(events().listEvents({}, by(authorization))), Code.Unauthenticated);
});

test("an event of a mount does not tell where from, to who may not see that", async () => {
  const sources = async (authorization: string) => {
    const { events: found } = await events().listEvents({ pageSize: 1000 }, by(authorization));
    return found.flatMap(({ kind }) => (kind.case === "blobMounted" ? [kind.value.fromRepository] : []));
  };
  assert.deepEqual(await sources(basic("root")), ["secret/x"]);
  assert.deepEqual(await sources(basic("alice")), [""]);
});

test("consumers of others are as if they were not there", async () => {
  await events().createConsumer({ consumer: "bobs" }, by(basic("bob")));
  const alice = by(basic("alice"));
  assert.deepEqual((await events().listConsumers({}, alice)).consumers, []);
  const unknown = await failureOf(events().acknowledgeEvents({ consumer: "nobodys", cursor: "1" }, alice));
  for (const call of [
    events().acknowledgeEvents({ consumer: "bobs", cursor: "1" }, alice),
    events().deleteConsumer({ consumer: "bobs" }, alice),
    firstOf(events().subscribe({ consumer: "bobs" }, alice)),
  ])
    assert.equal((await failureOf(call)).replaceAll("bobs", "nobodys"), unknown);
  const names = (await events().listConsumers({}, by(basic("root")))).consumers.map(({ name }) => name);
  assert.deepEqual(names, ["bobs"]);
});

test("a blob is mounted from where its bytes may be had, and from nowhere else", async () => {
  const other = (
    await ask(fortress.host, { path: "/v2/acme/other/manifests/v1", authorization: basic("alice") })
  ).body;
  const shared: string = JSON.parse(other.toString()).config.digest;
  const mount = async (authorization: string, query: string) => {
    const path = `/v2/acme/new/blobs/uploads/?${query}`;
    return (await ask(fortress.host, { method: "POST", path, authorization })).status;
  };
  const hidden = await push(fortress.host, { repository: "secret/only", tag: "v1", text: "only here" });
  for (const query of [`mount=${hidden.blob}`, `mount=${hidden.blob}&from=secret/only`])
    assert.equal(await mount(basic("alice"), query), 202, query);
  assert.equal(await mount(basic("alice"), `mount=${shared}&from=acme/other`), 201);
  assert.equal(await mount(basic("root"), `mount=${hidden.blob}&from=secret/only`), 201);
  assert.equal(await mount(basic("ci"), `mount=${shared}&from=acme/other`), 403);
  const pushOnly = await fetchToken(fortress.host, "repository:acme/new:pull,push", basic("alice"));
  assert.equal(
    await mount(bearer(pushOnly), `mount=${shared}&from=acme/other`),
    401,
    "a wider one can do it",
  );
});

test("referrers of another repository do not show", async () => {
  const path = `/v2/acme/app/referrers/${app.digest}`;
  const answer = await ask(fortress.host, { path, authorization: basic("alice") });
  assert.deepEqual(JSON.parse(answer.body.toString()).manifests, []);
});

test("access tokens of others can be neither seen nor ended nor made", async () => {
  const { accessToken } = await auth().createAccessToken({ description: "private" }, by(basic("alice")));
  const accessTokenId = accessToken?.accessTokenId ?? "";
  const bob = by(basic("bob"));
  assert.deepEqual((await auth().listAccessTokens({}, bob)).accessTokens, []);
  for (const call of [
    auth().listAccessTokens({ owner: "alice" }, bob),
    auth().listAccessTokens({ owner: "user:alice" }, bob),
    auth().listAccessTokens({ all: true }, bob),
    auth().createAccessToken({ description: "x", owner: "alice" }, bob),
    auth().createAccessToken({ description: "x", owner: "root" }, bob),
    auth().explainAccess({ principal: "alice", action: "pull", repository: "secret/x" }, bob),
  ])
    assert.equal(await codeOf(call), Code.PermissionDenied);
  const unknown = await failureOf(auth().revokeAccessToken({ accessTokenId: "nobodys" }, bob));
  const foreign = await failureOf(auth().revokeAccessToken({ accessTokenId }, bob));
  assert.equal(foreign.replaceAll(accessTokenId, "nobodys"), unknown);
  const { accessTokens } = await auth().listAccessTokens({ all: true }, by(basic("root")));
  assert.ok(accessTokens.some((one) => one.accessTokenId === accessTokenId));
});

test("an access token does not make, list or end others", async () => {
  const { token } = await auth().createAccessToken(
    { description: "limited", scopes: ["repository:**:pull"] },
    by(basic("root")),
  );
  const limited = by(bearer(token));
  for (const call of [
    auth().createAccessToken({ description: "longer" }, limited),
    auth().listAccessTokens({}, limited),
    auth().listAccessTokens({ all: true }, limited),
  ])
    assert.equal(await codeOf(call), Code.PermissionDenied);
});

async function failureOf(call: Promise<unknown>): Promise<string> {
  const failure = await call.then(
    () => assert.fail("it was answered"),
    (error: unknown) => ConnectError.from(error),
  );
  return `${failure.code} ${failure.rawMessage}`;
}

async function firstOf(stream: AsyncIterable<unknown>): Promise<unknown> {
  for await (const message of stream) return message;
  return undefined;
}

test("a token for one repository mounts no blob from wherever it is, though its owner may pull everywhere", async () => {
  const policy = JSON.stringify([{ who: "user:root", allow: "admin" }]);
  await using other = await openFortress({ settings: { REGISTRY_AUTH_POLICY: policy } });
  const secret = await push(other.host, { repository: "secret/y", tag: "v1", text: "top secret" });
  const client = createClient(
    BlobService,
    createConnectTransport({ baseUrl: other.url, httpVersion: "1.1" }),
  );
  const authorization = bearer(await fetchToken(other.host, "repository:acme/app:pull,push", basic("root")));
  const mount = { repository: "acme/app", digest: secret.blob };
  assert.equal(await codeOf(client.mountBlob(mount, by(authorization))), Code.NotFound);
  assert.equal(await codeOf(client.mountBlob(mount, by(basic("root")))), "answered");
});

test("who is limited to administrating makes no token that acts for somebody else", async () => {
  const accounts = { ...ACCOUNTS, robots: { ops: { ...ACCOUNTS.robots.ci, scopes: ["registry:admin:*"] } } };
  const policy = JSON.stringify([{ who: ["user:root", "robot:ops"], allow: "admin" }]);
  await using other = await openFortress({
    accounts: stringify(accounts),
    settings: { REGISTRY_AUTH_POLICY: policy },
  });
  const client = createClient(
    AuthService,
    createConnectTransport({ baseUrl: other.url, httpVersion: "1.1" }),
  );
  const request = { description: "x", owner: "user:root" };
  assert.equal(await codeOf(client.createAccessToken(request, by(basic("ops")))), Code.PermissionDenied);
  assert.equal(await codeOf(client.createAccessToken(request, by(basic("root")))), "answered");
});
