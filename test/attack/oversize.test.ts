// Too much of everything: each is refused with a status that says so, at once, and
// the registry goes on as if nothing had been.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { Policy } from "../../src/auth/policy.ts";
import { principal } from "../../src/auth/principal.ts";
import { Users } from "../../src/auth/users.ts";
import { loadConfig } from "../../src/config/load.ts";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { RawConnection } from "../server/running-server.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { ask, basic, bearer, type Fortress, openFortress } from "./fortress.ts";

const KIB = 1024;

suite("what is too large", () => {
  let fortress: Fortress;

  before(async () => {
    fortress = await openFortress();
  });

  after(async () => {
    assert.equal((await ask(fortress.host, { path: "/v2/", authorization: basic("alice") })).status, 200);
    await fortress[Symbol.asyncDispose]();
  });

  /** The status line's number for a head that the test writes itself. */
  async function statusOf(head: string): Promise<string> {
    const raw = new RawConnection(Number(fortress.host.split(":")[1]));
    await raw.send(`${head}\r\nHost: a\r\nConnection: close\r\n\r\n`);
    return /^HTTP\/1\.1 (\d{3})/.exec(await raw.rest())?.[1] ?? "none";
  }

  test("one header of 100 KiB", async () => {
    assert.equal(await statusOf(`GET /v2/ HTTP/1.1\r\nX-Large: ${"a".repeat(100 * KIB)}`), "431");
  });

  test("20,000 headers", async () => {
    const headers = Array.from({ length: 20_000 }, (_, index) => `X-${index}: a`).join("\r\n");
    assert.equal(await statusOf(`GET /v2/ HTTP/1.1\r\n${headers}`), "431");
  });

  test("a path of 20 KB, and one of 100 KiB", async () => {
    assert.equal(await statusOf(`GET /v2/${"a".repeat(20_000)}/tags/list HTTP/1.1`), "414");
    assert.match(await statusOf(`GET /v2/${"a".repeat(100 * KIB)}/tags/list HTTP/1.1`), /^4(14|31)$/);
  });

  for (const scheme of ["Bearer", "Basic", "Digest", ""])
    test(`Authorization of 30 KB: ${scheme || "no scheme"}`, async () => {
      const authorization = `${scheme} ${"A".repeat(30_000)}`.trim();
      assert.equal((await ask(fortress.host, { path: "/v2/", authorization })).status, 401);
    });

  test("a name and a password of 15 KB", async () => {
    for (const authorization of [basic("a".repeat(15_000), "b"), basic("alice", "b".repeat(15_000))])
      assert.equal((await ask(fortress.host, { path: "/v2/", authorization })).status, 401);
  });

  test("a token of many parts, and one of deep JSON", async () => {
    const deep = Buffer.from("[".repeat(9000)).toString("base64url");
    for (const token of [".".repeat(20_000), "a.".repeat(10_000), `${deep}.${deep.slice(0, 100)}.AA`])
      assert.equal((await ask(fortress.host, { path: "/v2/", authorization: bearer(token) })).status, 401);
  });

  test("a form of 65 KiB", async () => {
    const { status } = await ask(fortress.host, {
      method: "POST",
      path: "/auth/token",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(`grant_type=password&username=alice&password=${"a".repeat(65 * KIB)}`),
    });
    assert.equal(status, 413);
  });

  const scopes = (count: number, name = "acme/app") =>
    Array.from({ length: count }, (_, index) => `repository:${name}${index}:pull`);

  const SCOPES: Readonly<Record<string, readonly string[]>> = {
    "101 scopes": scopes(101),
    "a scope of 10 KB": [`repository:${"a/".repeat(5000)}a:pull`],
    "a scope of 10 KB of actions": [`repository:a:${"pull,".repeat(2000)}pull`],
  };

  for (const [name, asked] of Object.entries(SCOPES)) {
    test(`${name}, asked of the token endpoint`, async () => {
      const body = Buffer.from(
        new URLSearchParams({
          grant_type: "password",
          username: "alice",
          password: "correct horse",
          service: "stowage",
          scope: asked.join(" "),
        }).toString(),
      );
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const call = { method: "POST", path: "/auth/token", headers, body };
      const { status, body: told } = await ask(fortress.host, call);
      const { error, access_token: token } = JSON.parse(told.toString());
      if (status === 400) assert.equal(error, "invalid_request");
      else assert.ok(status === 200 && String(token).length < 16 * KIB, `${status} ${told}`);
    });

    test(`${name} for an access token`, () => refused({ description: "large", scopes: [...asked] }));
  }

  test("a description of 10 KB", () => refused({ description: "a".repeat(10_000), scopes: [] }));

  async function refused(request: { description: string; scopes: string[] }): Promise<void> {
    const transport = createConnectTransport({ baseUrl: fortress.url, httpVersion: "1.1" });
    const call = createClient(AuthService, transport).createAccessToken(request, {
      headers: { authorization: basic("alice") },
    });
    const error = await call.then(
      () => assert.fail("it was made"),
      (thrown: unknown) => ConnectError.from(thrown),
    );
    assert.equal(error.code, Code.InvalidArgument, error.rawMessage);
    assert.ok(error.rawMessage.length < KIB, "the message does not repeat it all");
  }

  test("a name of a repository, a tag and a digest beyond their lengths", async () => {
    for (const path of [
      `/v2/${"a".repeat(256)}/tags/list`,
      `/v2/${"a/".repeat(128)}a/tags/list`,
      `/v2/acme/app/manifests/${"a".repeat(129)}`,
      `/v2/acme/app/manifests/sha256:${"a".repeat(5000)}`,
      `/v2/acme/app/blobs/${"a".repeat(4000)}:${"b".repeat(4000)}`,
    ]) {
      const { status, body } = await ask(fortress.host, { path, authorization: basic("alice") });
      assert.equal(status, 400, path);
      assert.ok(body.length < 4 * KIB, "the answer does not repeat it all");
    }
  });
});

suite("files that ask for too much", () => {
  let directory: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
  });

  after(() => removeTemporaryDirectory(directory));

  const salt = "A".repeat(22);
  const digest = "A".repeat(43);
  const HASHES: Readonly<Record<string, string>> = {
    "bcrypt of cost 31": `$2b$31$${"a".repeat(53)}`,
    "argon2id of 4 GiB": `$argon2id$v=19$m=4194304,t=1,p=1$${salt}$${digest}`,
    "argon2id of a million passes": `$argon2id$v=19$m=19456,t=1000000,p=1$${salt}$${digest}`,
    "argon2id of 255 lanes": `$argon2id$v=19$m=19456,t=1,p=255$${salt}$${digest}`,
  };

  for (const [name, hash] of Object.entries(HASHES))
    test(`a users file with ${name} keeps the registry from starting`, async () => {
      const path = join(directory, "users.yml");
      await writeFile(path, `users: {alice: {password: "${hash}"}}\n`);
      await assert.rejects(Users.open({ path, now: Date.now, report: () => undefined }), (error: Error) => {
        assert.match(error.message, /each login costs as much/);
        assert.ok(!error.message.includes(hash));
        return true;
      });
    });

  const read = (text: string) => loadConfig({ path: "c.yml", environment: {}, readText: () => text });

  const YAML: Readonly<Record<string, string>> = {
    "lists in lists, 20,000 deep": `version: 0.1\nauth: ${"[".repeat(20_000)}${"]".repeat(20_000)}\n`,
    "maps in maps, 20,000 deep": `version: 0.1\nauth: ${"{a: ".repeat(20_000)}1${"}".repeat(20_000)}\n`,
    "aliases of aliases": `version: 0.1\na: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"]
      .map((name, index) => `${name}: &${name} [${`*${"abcdefgh"[index]}, `.repeat(9)}]`)
      .join("\n")}\n`,
    "a map within itself": "version: 0.1\nauth: &a {policy: *a}\n",
  };

  for (const [name, text] of Object.entries(YAML))
    test(`a configuration of ${name} is refused in words`, () => {
      assert.throws(
        () => read(text),
        (error: Error) => {
          assert.equal(error.name, "ConfigError", error.stack);
          assert.ok(error.message.length < 20 * KIB, `${error.message.length} characters`);
          return true;
        },
      );
    });

  test("a policy of 10,000 rules is read, and decides by its last", () => {
    const rules = Array.from({ length: 9_999 }, (_, index) => ({
      repositories: [`team${index}/**/x*`],
      who: [`user:u${index}`],
      effect: "allow" as const,
      actions: ["pull" as const],
    }));
    const last = {
      repositories: ["**"],
      who: ["anyone"],
      effect: "allow" as const,
      actions: ["pull" as const],
    };
    const policy = new Policy([...rules, last]);
    for (let round = 0; round < 10; round += 1)
      assert.equal(policy.explain(principal("user", "mallory"), "pull", "a/b").rule, 10_000);
  });
});
