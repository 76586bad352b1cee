// AuthService as a client sees it, behind reception. What the desks decide is tested in test/auth.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type CallOptions, type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { decodeJwt } from "jose";
import { REGISTRY } from "../../src/auth/policy.ts";
import { principal } from "../../src/auth/principal.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { withAdmission } from "../../src/rpc/admission.ts";
import { type AuthServiceParts, authService } from "../../src/rpc/auth-service.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { AUTH_EFFECTS } from "../../src/rpc/effects.ts";
import { withErrors } from "../../src/rpc/errors.ts";
import { AUTH_DEMANDS } from "../../src/rpc/needs.ts";
import { Reception } from "../../src/rpc/reception.ts";
import { requestValues } from "../../src/rpc/visit.ts";
import { TokenCounter } from "../auth/token-counter.ts";
import { DAY, MINUTE } from "../auth/token-office.ts";

interface Setting {
  readonly counter: TokenCounter;
  readonly client: Client<typeof AuthService>;
}

async function withService(
  run: (setting: Setting) => Promise<void>,
  less: Partial<AuthServiceParts> = {},
): Promise<void> {
  await using counter = await TokenCounter.open();
  const { doorman } = counter;
  const implementation = authService({
    tokens: counter.desk,
    accessTokens: counter.tokenDesk,
    explain: ({ principal: id, action, repository, groups }) => {
      const known = counter.people.get(id);
      const name = id.slice(id.indexOf(":") + 1);
      const counted = [...new Set([...(known?.groups ?? []), ...groups])];
      const who = principal("user", name, { groups: counted });
      const decision = doorman.may.policy.explain(who, action, repository ?? REGISTRY);
      return { ...decision, known: known !== undefined, groups: counted };
    },
    isAdmin: (who) => doorman.may.isAdmin(who),
    challenge: () => doorman.basicChallenge(),
    ...less,
  });
  const reception = new Reception({ doorman });
  const admitted = withAdmission(AuthService, implementation, {
    demands: AUTH_DEMANDS,
    effects: AUTH_EFFECTS,
    reception,
  });
  const mounted = withErrors(AuthService, admitted, (error) => assert.fail(String(error)));
  const transport = createDirectTransport((router) => router.service(AuthService, mounted));
  await run({ counter, client: createClient(AuthService, transport) });
}

/** A call with these words as Authorization. */
function by(authorization?: string): CallOptions {
  const baseUrl = "https://registry.example.com";
  return { contextValues: requestValues({ id: "1", ip: "192.0.2.1", baseUrl, authorization }) };
}

const basic = (text: string) => by(`Basic ${Buffer.from(text).toString("base64")}`);
const bearer = (token: string) => by(`Bearer ${token}`);
const alice = () => basic("alice:secret");
const root = () => basic("root:secret");

async function refused(call: Promise<unknown>, code: Code, reason: string) {
  const error = ConnectError.from(
    await call.then(
      () => assert.fail("it was answered"),
      (e: unknown) => e,
    ),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  assert.deepEqual([error.code, info?.reason], [code, reason]);
  return info?.metadata ?? {};
}

suite("AuthService", () => {
  test("tells who the caller is, and asks a stranger for a token", () =>
    withService(async ({ client }) => {
      const found = await client.getIdentity({}, alice());
      assert.deepEqual([found.principal, found.groups, found.scopes], ["user:alice", ["dev"], []]);
      assert.equal(found.expireTime, undefined);
      const { challenge } = await refused(client.getIdentity({}, by()), Code.Unauthenticated, "UNAUTHORIZED");
      assert.match(challenge ?? "", /^Bearer realm="https:\/\/registry.example.com\/auth\/token",service="/);
    }));

  test("a token that it gives out is good for its scopes, and its caller is told which these are", () =>
    withService(async ({ client, counter }) => {
      const scopes = ["repository:acme/app:pull", "repository:other/app:pull"];
      const answer = await client.issueToken({ scopes }, alice());
      assert.deepEqual(answer.scopes, scopes.slice(0, 1));
      assert.equal(answer.refreshToken, "");
      const { time } = counter.office.clock;
      assert.ok(answer.issueTime && answer.expireTime);
      assert.equal(timestampDate(answer.issueTime).getTime(), time);
      assert.equal(timestampDate(answer.expireTime).getTime(), time + 5 * MINUTE);
      const found = await client.getIdentity({}, bearer(answer.token));
      assert.deepEqual([found.principal, found.scopes], ["user:alice", scopes.slice(0, 1)]);
      assert.ok(found.expireTime);
    }));

  test("each kind of grant is understood", () =>
    withService(async ({ client, counter }) => {
      const password = { username: "alice", password: "secret" };
      const first = await client.issueToken(
        { offline: true, clientId: "docker", grant: { case: "password", value: password } },
        by(),
      );
      const second = await client.issueToken(
        { grant: { case: "refreshToken", value: first.refreshToken } },
        by(),
      );
      const { token } = await counter.accessTokens.create("user:alice", { description: "", scopes: [] });
      const third = await client.issueToken({ grant: { case: "subjectToken", value: token } }, by());
      const nobody = await client.issueToken({}, by());
      const whom = [first, second, third, nobody].map((answer) => decodeJwt(answer.token).principal);
      assert.deepEqual(whom, ["user:alice", "user:alice", "user:alice", "anonymous"]);
      assert.ok(counter.addresses.includes("192.0.2.1"));
    }));

  test("wrong credentials are answered with a challenge for a password", () =>
    withService(async ({ client }) => {
      const value = { username: "alice", password: "guess" };
      for (const call of [
        client.issueToken({ grant: { case: "password", value } }, by()),
        client.issueToken({ grant: { case: "refreshToken", value: "stor_x" } }, by()),
        client.issueToken({ grant: { case: "subjectToken", value: "x.y.z" } }, by()),
        client.issueToken({ grant: { case: "subjectToken", value: "x" } }, by()),
        client.issueToken({}, basic("alice:guess")),
      ]) {
        const { challenge } = await refused(call, Code.Unauthenticated, "UNAUTHORIZED");
        assert.match(challenge ?? "", /^Basic realm="Registry"/);
      }
    }));

  test("the public keys are for anybody", () =>
    withService(async ({ client }) => {
      const { keys } = JSON.parse((await client.getSigningKeys({}, by())).jwks);
      assert.equal(keys.length, 1);
      assert.ok(!("d" in keys[0]));
    }));

  test("without a token endpoint, or without anybody, it says so", () =>
    withService(
      async ({ client }) => {
        await refused(client.issueToken({}, alice()), Code.Unimplemented, "UNSUPPORTED");
        await refused(client.getSigningKeys({}, by()), Code.Unimplemented, "UNSUPPORTED");
        await refused(client.listAccessTokens({}, alice()), Code.Unimplemented, "UNSUPPORTED");
      },
      { tokens: undefined, accessTokens: undefined },
    ));

  test("an access token is made, used, listed and revoked", () =>
    withService(async ({ client, counter }) => {
      const end = counter.office.clock.time + DAY;
      const request = {
        description: "laptop",
        scopes: ["repository:acme/**:pull"],
        expireTime: timestampFromMs(end),
      };
      const { token, accessToken } = await client.createAccessToken(request, alice());
      assert.ok(accessToken?.createTime && accessToken.expireTime);
      assert.deepEqual(
        [accessToken.owner, accessToken.description, accessToken.scopes],
        ["user:alice", "laptop", request.scopes],
      );
      assert.equal(timestampDate(accessToken.expireTime).getTime(), end);
      assert.equal(accessToken.lastUseTime, undefined);
      for (const options of [bearer(token), basic(`anybody:${token}`)]) {
        const found = await client.getIdentity({}, options);
        assert.deepEqual([found.principal, found.scopes], ["user:alice", request.scopes]);
      }
      const { accessTokens } = await client.listAccessTokens({}, alice());
      assert.deepEqual(
        accessTokens.map(({ accessTokenId }) => accessTokenId),
        [accessToken.accessTokenId],
      );
      assert.ok(accessTokens[0]?.lastUseTime);
      assert.ok(
        !JSON.stringify(accessTokens, (_, value) => (typeof value === "bigint" ? 0 : value)).includes(token),
      );
      await client.revokeAccessToken({ accessTokenId: accessToken.accessTokenId }, alice());
      await refused(client.getIdentity({}, bearer(token)), Code.Unauthenticated, "UNAUTHORIZED");
      const again = client.revokeAccessToken({ accessTokenId: accessToken.accessTokenId }, alice());
      await refused(again, Code.NotFound, "ACCESS_TOKEN_UNKNOWN");
    }));

  test("access tokens are listed page by page", () =>
    withService(async ({ client, counter }) => {
      const made: string[] = [];
      for (let index = 0; index < 3; index++) {
        counter.office.clock.time += 1;
        const { accessToken } = await client.createAccessToken({}, alice());
        made.push(accessToken?.accessTokenId ?? "");
      }
      const first = await client.listAccessTokens({ owner: "alice", pageSize: 2 }, root());
      const second = await client.listAccessTokens({ all: true, pageToken: first.nextPageToken }, root());
      const found = [...first.accessTokens, ...second.accessTokens].map(({ accessTokenId }) => accessTokenId);
      assert.deepEqual(found, made);
      assert.equal(second.nextPageToken, "");
      const wrong = client.listAccessTokens({ pageToken: "???" }, alice());
      await refused(wrong, Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
    }));

  test("explains to everybody what they may do, and to administrators what others may", () =>
    withService(async ({ client }) => {
      const own = await client.explainAccess({ action: "push", repository: "acme/app" }, alice());
      assert.deepEqual([own.allowed, own.rule, own.known, own.groups], [true, 2, true, ["dev"]]);
      const other = { principal: "alice", action: "delete", repository: "acme/app" };
      const told = await client.explainAccess(other, root());
      assert.deepEqual([told.allowed, told.rule, told.known], [false, undefined, true]);
      await refused(client.explainAccess(other, basic("bob:secret")), Code.PermissionDenied, "DENIED");
      const pretending = { action: "push", repository: "acme/app", groups: ["dev"] };
      await refused(client.explainAccess(pretending, basic("bob:secret")), Code.PermissionDenied, "DENIED");
      const supposed = await client.explainAccess({ ...pretending, principal: "bob" }, root());
      assert.deepEqual([supposed.allowed, supposed.groups], [true, ["dev"]]);
      const registry = await client.explainAccess({ action: "admin" }, root());
      assert.deepEqual([registry.allowed, registry.rule], [true, 3]);
    }));

  test("tells who is about to do something whether they may", () =>
    withService(async ({ client }) => {
      const asked = { repository: "acme/app", actions: ["pull", "push"] };
      await client.checkAccess(asked, alice());
      const both = client.checkAccess({ ...asked, actions: ["push", "delete"] }, alice());
      await refused(both, Code.PermissionDenied, "DENIED");
      const denied = client.checkAccess({ ...asked, repository: "other" }, alice());
      await refused(denied, Code.PermissionDenied, "DENIED");
      await refused(client.checkAccess(asked), Code.Unauthenticated, "UNAUTHORIZED");
    }));

  test("a question that cannot be understood is refused", () =>
    withService(async ({ client }) => {
      for (const actions of [[], ["push", "fetch"]])
        for (const who of [alice(), {}]) {
          const asked = client.checkAccess({ repository: "acme/app", actions }, who);
          await refused(asked, Code.InvalidArgument, "REQUEST_INVALID");
        }
      const nowhere = client.checkAccess({ repository: "", actions: ["push"] }, alice());
      await refused(nowhere, Code.InvalidArgument, "NAME_INVALID");
      const fetching = client.explainAccess({ action: "fetch", repository: "acme/app" }, alice());
      await refused(fetching, Code.InvalidArgument, "REQUEST_INVALID");
      const shouting = client.explainAccess({ action: "pull", repository: "ACME/APP" }, alice());
      await refused(shouting, Code.InvalidArgument, "NAME_INVALID");
    }));
});
