// Tokens that the registry gave out itself, or another one did, and that are good for
// nothing, or not any more.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { eventually } from "../support/eventually.ts";
import { Doors, PATH, SCOPE } from "./doors.ts";
import { ask, basic, bearer, type Fortress, fetchToken, openFortress, push } from "./fortress.ts";

let fortress: Fortress;
let other: Fortress;
let doors: Doors;

before(async () => {
  fortress = await openFortress();
  other = await openFortress();
  doors = new Doors(fortress);
  await push(fortress.host, { repository: "acme/app", tag: "v1", text: "tokens" });
});

after(async () => {
  await fortress[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** A token of the registry's own, with another character in the middle of its last part. */
function mistyped(token: string): string {
  const place = token.length - 20;
  return `${token.slice(0, place)}${token[place] === "A" ? "B" : "A"}${token.slice(place + 1)}`;
}

async function makeAccessToken(expireTime?: number): Promise<{ token: string; id: string }> {
  const client = createClient(
    AuthService,
    createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" }),
  );
  const request = {
    description: "attacked",
    ...(expireTime !== undefined && { expireTime: timestampFromMs(expireTime) }),
  };
  const headers = { authorization: basic("alice") };
  const { token, accessToken } = await client.createAccessToken(request, { headers });
  return { token, id: accessToken?.accessTokenId ?? "" };
}

async function revoke(accessTokenId: string): Promise<void> {
  const transport = createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
  const headers = { authorization: basic("alice") };
  await createClient(AuthService, transport).revokeAccessToken({ accessTokenId }, { headers });
}

/** A token that was good, and for as long as it is. */
async function expiredAccessToken(): Promise<string> {
  const { token } = await makeAccessToken(Date.now() + 1500);
  assert.equal((await ask(fortress.host, { path: PATH, authorization: bearer(token) })).status, 200);
  await eventually("the token's end", async () => {
    const { status } = await ask(fortress.host, { path: PATH, authorization: bearer(token) });
    return status === 200 ? undefined : true;
  });
  return token;
}

async function revokedAccessToken(): Promise<string> {
  const { token, id } = await makeAccessToken();
  assert.equal((await ask(fortress.host, { path: PATH, authorization: bearer(token) })).status, 200);
  await revoke(id);
  return token;
}

/** A bearer token that was had for an access token, which was revoked then. */
async function orphanedToken(): Promise<string> {
  const { token, id } = await makeAccessToken();
  const orphan = await fetchToken(fortress.host, SCOPE, bearer(token));
  assert.equal((await ask(fortress.host, { path: PATH, authorization: bearer(orphan) })).status, 200);
  await revoke(id);
  return orphan;
}

async function refreshToken(): Promise<string> {
  const path = "/auth/token?service=stowage&offline_token=true";
  const { body } = await ask(fortress.host, { path, authorization: basic("alice") });
  const token: unknown = JSON.parse(body.toString()).refresh_token;
  assert.ok(typeof token === "string" && token.startsWith("stor_"));
  return token;
}

const TOKENS: Readonly<Record<string, () => Promise<string>>> = {
  "for another instance": () => fetchToken(other.host, SCOPE, basic("alice")),
  "for tokens only": refreshToken,
  "for access, with one letter changed": async () => mistyped((await makeAccessToken()).token),
  "for access, cut off": async () => (await makeAccessToken()).token.slice(0, -1),
  "for access, revoked": revokedAccessToken,
  "for access, expired": expiredAccessToken,
  "had for an access token that was revoked": orphanedToken,
};

suite("a token", () => {
  test("for access opens", async () => doors.assertOpen((await makeAccessToken()).token));

  for (const [name, make] of Object.entries(TOKENS))
    test(`${name} is answered as nonsense is`, async () => doors.assertLikeNonsense(await make()));
});
