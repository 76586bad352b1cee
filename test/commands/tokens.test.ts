import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  type AccessTokenSchema,
  AuthService,
  type CreateAccessTokenRequest,
} from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { RegistryError } from "../../src/oci/errors.ts";
import { toConnectError } from "../../src/rpc/errors.ts";
import { stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";
import { parseLines } from "./push.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const DAY = 86_400_000;
const at = (milliseconds: number) => timestampFromMs(NOW + milliseconds);

const TOKENS: readonly MessageInitShape<typeof AccessTokenSchema>[] = [
  {
    accessTokenId: "t1",
    owner: "user:alice",
    description: "nightly build",
    scopes: ["repository:acme/**:pull,push"],
    createTime: at(-40 * DAY),
    expireTime: at(-DAY),
    lastUseTime: at(-2 * DAY),
  },
  {
    accessTokenId: "t2",
    owner: "robot:ci",
    description: "mirror",
    createTime: at(-DAY),
    expireTime: at(DAY),
  },
  { accessTokenId: "t3", owner: "user:alice", description: "for ever", createTime: at(-3600_000) },
];

/** Keeps what it was asked to create, to list and to revoke. */
function service() {
  const created: CreateAccessTokenRequest[] = [];
  const listed: string[] = [];
  const revoked: string[] = [];
  const serve = () =>
    serveFake(AuthService, {
      createAccessToken: (request) => {
        created.push(request);
        const { description, scopes, expireTime, owner } = request;
        const fixed = { accessTokenId: "t9", owner: owner === "" ? "user:alice" : owner };
        return {
          token: "stow_secret",
          accessToken: { ...fixed, description, scopes, ...(expireTime !== undefined && { expireTime }) },
        };
      },
      listAccessTokens: ({ owner, all, pageToken }) => {
        listed.push(`${all ? "all" : owner}@${pageToken}`);
        const page = Number(pageToken === "" ? 0 : pageToken);
        return {
          accessTokens: TOKENS.slice(page, page + 1),
          nextPageToken: page + 1 < TOKENS.length ? String(page + 1) : "",
        };
      },
      revokeAccessToken: ({ accessTokenId }) => {
        if (!/^t\d$/.test(accessTokenId))
          throw toConnectError(new RegistryError("ACCESS_TOKEN_UNKNOWN", {}, { message: "unknown" }));
        revoked.push(accessTokenId);
        return {};
      },
    });
  return { created, listed, revoked, serve };
}

const tokens = (url: string, args: readonly string[], columns?: number) =>
  stowageHere(["tokens", ...args, "--server", url], {
    now: NOW,
    ...(columns !== undefined && { isTerminal: true, hasColors: false, columns }),
  });

test("create prints the token alone, and what there is to say beside it", async () => {
  const { created, serve } = service();
  await using server = await serve();
  const args = ["--description", "nightly build", "--expires", "90d", "--owner", "alice"];
  const scopes = ["--scope", "repository:acme/**:pull,push", "--scope", "registry:events:*"];
  const { code, stdout, stderr } = await tokens(server.url, ["create", ...args, ...scopes]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "stow_secret\n");
  assert.equal(
    stderr,
    "stowage: access token t9 of user:alice allows repository:acme/**:pull,push registry:events:*, and ends in 90 d (2026-05-30T12:00:00.000Z).\n" +
      "It is shown only now. To end it: stowage tokens revoke t9\n",
  );
  const [request] = created;
  assert.equal(request?.description, "nightly build");
  assert.equal(request?.owner, "user:alice");
  assert.deepEqual(request?.scopes, ["repository:acme/**:pull,push", "registry:events:*"]);
  assert.equal(request?.expireTime && timestampMs(request.expireTime), NOW + 90 * DAY);
});

test("create says what a token without scopes and end can do, and takes days and times for an end", async () => {
  const { created, serve } = service();
  await using server = await serve();
  const { stderr } = await tokens(server.url, ["create", "-d", "x"]);
  assert.match(
    stderr,
    /access token t9 of user:alice may do all that user:alice may, and does not end by itself\./,
  );
  assert.equal(created[0]?.owner, "");
  for (const [text, expected] of [
    ["2027-01-01", "2027-01-02T00:00:00Z"],
    ["2027-01-01T12:00:00+01:00", "2027-01-01T11:00:00Z"],
    ["1d12h", "2026-03-03T00:00:00Z"],
  ] as const) {
    await tokens(server.url, ["create", "-d", "x", "--expires", text]);
    const time = created.at(-1)?.expireTime;
    assert.equal(time && timestampMs(time), Date.parse(expected), text);
  }
});

test("create --json is one object on standard output and nothing beside it", async () => {
  await using server = await service().serve();
  const { stdout, stderr } = await tokens(server.url, ["create", "-d", "x", "--json"]);
  assert.equal(stderr, "");
  const { token, accessToken } = JSON.parse(stdout);
  assert.equal(token, "stow_secret");
  assert.equal(accessToken.accessTokenId, "t9");
});

test("list is a table of all pages, with owners where there can be several", async () => {
  const { listed, serve } = service();
  await using server = await serve();
  const mine = (await tokens(server.url, ["list", "--owner", "alice"], 200)).stdout.split("\n");
  assert.match(mine[0] ?? "", /^ID +DESCRIPTION +SCOPES +CREATED +LAST USED +ENDS *$/);
  assert.match(
    mine[1] ?? "",
    /^t1 +nightly build +repository:acme\/\*\*:pull,push +40 d ago .* 2 d ago .* 1 d ago/,
  );
  assert.match(mine[2] ?? "", /^t2 +mirror +all +1 d ago .* never +in 1 d/);
  assert.match(mine[3] ?? "", /^t3 +for ever +all .* never +never *$/);
  const all = (await tokens(server.url, ["list", "--all"])).stdout;
  assert.match(all, /^ID +OWNER +DESCRIPTION /);
  assert.match(all, /^t2 +robot:ci +mirror /m);
  assert.deepEqual(listed, ["user:alice@", "user:alice@1", "user:alice@2", "all@", "all@1", "all@2"]);
});

test("the list fits a terminal of 80 columns", async () => {
  await using server = await service().serve();
  const { stdout } = await tokens(server.url, ["list", "--all"], 80);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("list --json is a line for each token, and nothing is a word for people only", async () => {
  await using server = await service().serve();
  const lines = parseLines((await tokens(server.url, ["list", "--json"])).stdout);
  assert.deepEqual(
    lines.map(({ accessTokenId }) => accessTokenId),
    ["t1", "t2", "t3"],
  );
  await using empty = await serveFake(AuthService, { listAccessTokens: () => ({}) });
  assert.match((await tokens(empty.url, ["list"])).stdout, /^There are no access tokens/);
  assert.equal((await tokens(empty.url, ["list", "--json"])).stdout, "");
});

test("revoke ends every token that there is, and tells of those that there are not", async () => {
  const { revoked, serve } = service();
  await using server = await serve();
  const { code, stdout, stderr } = await tokens(server.url, ["revoke", "t1", "nope", "t2", "t1"]);
  assert.equal(code, 1);
  assert.deepEqual(revoked, ["t1", "t2"]);
  assert.equal(stdout, "Access token t1 is revoked.\nAccess token t2 is revoked.\n");
  assert.match(
    stderr,
    /^stowage: there is no access token "nope" of yours; "stowage tokens list" shows them\n$/,
  );
  const json = await tokens(server.url, ["revoke", "t3", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), { accessTokenId: "t3", revoked: true });
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [["create"], /required option '-d, --description <text>' not specified/],
  [["create", "-d", "x", "--expires", "soon"], /--expires: "soon" is no time; write a span such as 90d/],
  [["create", "-d", "x", "--expires", "2026-02-28"], /--expires: 2026-02-28 has passed already/],
  [["create", "-d", "x", "--expires", "0d"], /has passed already/],
  [["create", "-d", "x", "--expires", "9999999d"], /is too far away/],
  [["create", "-d", "x", "--owner", "group:dev"], /"group:dev" names nobody/],
  [["list", "--all", "--owner", "a"], /cannot be used with option/],
  [["revoke"], /missing required argument 'id'/],
  [["revoke", "stow_abc"], /is a token itself, and no longer a secret/],
];
for (const [args, expected] of WRONG) {
  test(`"tokens ${args.join(" ")}" is refused with code 2`, async () => {
    const { code, stdout, stderr } = await stowageHere(["tokens", ...args], { now: NOW });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /stow_abc/);
  });
}
