// What else than a password lets clients in: the token that docker keeps instead of it, robots, and access tokens.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ALICE, BOB, hashOf, POLICY, writeUsers } from "../../support/accounts.ts";
import { type LocalRegistry, MAIN } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import { CLIENT_TOOLS, type ClientName, loggedIn } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";
import { run } from "../../support/run.ts";
import { TokenServer } from "../../support/token-server.ts";

const ROBOT = { user: "ci", password: "a machine's secret" };
// What HEAD is answered has no words: skopeo has to do with the number.
const DENIED = /denied|403 \(Forbidden\)/i;
const CLIENTS: readonly ClientName[] = ["docker", "skopeo"];

describe("clients log in with other things than passwords", { skip: lacking(...CLIENT_TOOLS) }, () => {
  let bench: LoginBench;
  let registry: LocalRegistry;

  before(async () => {
    bench = await LoginBench.open();
    const robot = { password: await hashOf(ROBOT.password), scopes: ["repository:team/robot/**:pull,push"] };
    const path = await writeUsers(await bench.ownDirectory("users"), [ALICE, BOB], { ci: robot });
    const policy = [{ repositories: "team/**", who: "robot:*", allow: ["pull", "push"] }, ...POLICY];
    registry = await bench.startRegistry({ sections: { auth: { users: { path }, policy } } });
  });

  after(() => bench?.close());

  /** What docker's client keeps of a login. */
  async function kept(host: string): Promise<{ readonly text: string; readonly identityToken?: string }> {
    const text = await readFile(join(bench.docker.engine.config, "config.json"), "utf8");
    const { auths } = JSON.parse(text);
    return { text, identityToken: auths[host].identitytoken };
  }

  async function stowage(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, STOWAGE_USER: ALICE.user, STOWAGE_PASSWORD: ALICE.password };
    const command = [process.execPath, MAIN, ...args, "--server", registry.url];
    return (await run(command, { env })).stdout.trim();
  }

  it("docker keeps a refresh token of the registry, and not the password", async () => {
    await loggedIn(bench.docker, { host: registry.host, ...ALICE }, async () => {
      const { text, identityToken } = await kept(registry.host);
      assert.ok(identityToken);
      assert.ok(!text.includes(Buffer.from(`${ALICE.user}:${ALICE.password}`).toString("base64")), text);
      const image = `${registry.host}/team/identity:v1`;
      await bench.docker.push(image);
      assert.equal(await bench.docker.pull(image), bench.image.config.digest);
    });
  });

  it("docker shows a token server elsewhere the refresh token that it gave", async (t) => {
    const server = await TokenServer.start({
      directory: await bench.ownDirectory("tokens"),
      signing: "jwks",
      users: { [ALICE.user]: ALICE.password },
      actionsOf: (user) => (user === ALICE.user ? ["pull", "push"] : []),
    });
    t.after(() => server.stop());
    const { host } = await bench.startRegistry({ sections: { auth: { token: server.settings } } });
    await loggedIn(bench.docker, { host, ...ALICE }, () => bench.docker.push(`${host}/team/identity:v1`));
    const push = server.questions.find(({ scopes }) => scopes.includes("repository:team/identity:push,pull"));
    assert.deepEqual(
      [push?.grant, push?.user],
      ["refresh_token", ALICE.user],
      JSON.stringify(server.questions),
    );
  });

  for (const name of CLIENTS) {
    const image = (repository: string): string => `${registry.host}/${repository}/${name}:v1`;

    it(`${name} is a robot, within what the robot may`, async () => {
      const client = bench.client(name);
      // Its other name, "robot:ci", does not go into Basic credentials: the first colon ends the name.
      await loggedIn(client, { host: registry.host, ...ROBOT }, async () => {
        await client.push(image("team/robot"));
        assert.equal(await client.pull(image("team/robot")), bench.image.config.digest);
        await assert.rejects(client.push(image("team/other")), DENIED);
      });
    });

    it(`${name} has an access token for a password, until that is revoked`, async () => {
      const client = bench.client(name);
      await loggedIn(client, { host: registry.host, ...ALICE }, () => client.push(image("team/access")));
      const made = await stowage(
        ...["tokens", "create", "--json", "--description", "test", "--scope", "repository:team/**:pull"],
      );
      const { token, accessToken } = JSON.parse(made);
      const login = { host: registry.host, user: "whoever", password: token };
      await loggedIn(client, login, async () => {
        assert.equal(await client.pull(image("team/access")), bench.image.config.digest);
        await assert.rejects(client.push(image("team/access")), DENIED);
        await stowage("tokens", "revoke", accessToken.accessTokenId);
        await assert.rejects(
          client.pull(image("team/access")),
          /unauthorized|denied|authentication required/i,
        );
      });
    });
  }
});
