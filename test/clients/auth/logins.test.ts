// docker, podman and skopeo log in, push, pull and log out, whoever it is that knows the passwords: an htpasswd
// file, a users file with the token endpoint of our own, or somebody's token server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ALICE, BOB, POLICY, writeHtpasswd, writeUsers } from "../../support/accounts.ts";
import type { LocalRegistry } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import {
  CLIENT_TOOLS,
  type ClientName,
  loggedIn,
  type RegistryClient,
} from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";
import { TokenServer, type TokenSigning } from "../../support/token-server.ts";

// Where there are tokens, docker has one for nobody in particular, and says what it lacks.
const NEED_LOGIN = /authentication required|unauthorized|no basic auth credentials|denied: requested access/i;
const WRONG = /unauthorized|user name or the password is wrong|invalid username\/password|who are you/i;
const DENIED = /denied|access to the resource is/i;

interface Way {
  readonly title: string;
  /** False: who is authenticated may do everything, and nobody else anything. */
  readonly hasPolicy: boolean;
  /** podman and skopeo share the code that logs in: one of them does where the other has been. */
  readonly clients: readonly ClientName[];
  /** The auth section. */
  readonly open: (bench: LoginBench) => Promise<Readonly<Record<string, unknown>>>;
}

const PEOPLE = [ALICE, BOB];

const WAYS: readonly Way[] = [
  {
    title: "an htpasswd file alone",
    hasPolicy: false,
    clients: ["docker", "podman"],
    open: async (bench) => ({
      htpasswd: { path: await writeHtpasswd(await bench.ownDirectory("alone"), PEOPLE) },
    }),
  },
  {
    title: "an htpasswd file and a policy, without tokens",
    hasPolicy: true,
    // Asked for Basic, docker without a login gives up before it tries: it pulls as nobody only where there are tokens.
    clients: ["skopeo"],
    open: async (bench) => ({
      htpasswd: { path: await writeHtpasswd(await bench.ownDirectory("basic"), PEOPLE) },
      issuer: { enabled: false },
      policy: POLICY,
    }),
  },
  {
    title: "a users file and the token endpoint of our own",
    hasPolicy: true,
    clients: ["docker", "podman", "skopeo"],
    open: async (bench) => ({
      users: { path: await writeUsers(await bench.ownDirectory("users"), PEOPLE) },
      policy: POLICY,
    }),
  },
  {
    title: "a token server that signs with a certificate",
    hasPolicy: true,
    clients: ["docker", "skopeo"],
    open: async (bench) => ({ token: await startTokenServer(bench, "x5c") }),
  },
  {
    title: "a token server that signs with a key of a set, and a policy",
    hasPolicy: true,
    clients: ["podman"],
    open: async (bench) => ({ token: await startTokenServer(bench, "jwks"), policy: POLICY }),
  },
];

const servers: TokenServer[] = [];

/** It says the same as POLICY. */
async function startTokenServer(
  bench: LoginBench,
  signing: TokenSigning,
): Promise<Readonly<Record<string, unknown>>> {
  const server = await TokenServer.start({
    directory: await bench.ownDirectory(`tokens-${signing}`),
    signing,
    users: { [ALICE.user]: ALICE.password, [BOB.user]: BOB.password },
    actionsOf: (user, repository) => {
      const [area] = repository.split("/");
      if (user === ALICE.user && area !== "bob") return ["pull", "push"];
      if (user === BOB.user && area === "bob") return ["pull", "push"];
      return area === "public" || (area === "team" && user !== undefined) ? ["pull"] : [];
    },
  });
  servers.push(server);
  return server.settings;
}

describe("clients log in", { skip: lacking(...CLIENT_TOOLS) }, () => {
  let bench: LoginBench;

  before(async () => {
    bench = await LoginBench.open();
  });

  after(async () => {
    await bench?.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  for (const { title, hasPolicy, clients, open } of WAYS) {
    describe(`with ${title}`, () => {
      let registry: LocalRegistry;

      before(async () => {
        registry = await bench.startRegistry({ sections: { auth: await open(bench) } });
      });

      for (const client of clients) describe(client, () => rows(client));

      function rows(name: ClientName): void {
        const client = (): RegistryClient => bench.client(name);
        const image = (area: string): string => `${registry.host}/${area}/${name}:v1`;

        it("pushes and pulls while it is logged in, and not after it logged out", async () => {
          await assert.rejects(client().push(image("team")), NEED_LOGIN);
          await client().login(registry.host, ALICE);
          await client().push(image("team"));
          assert.equal(await client().pull(image("team")), bench.image.config.digest);
          await client().logout(registry.host);
          await assert.rejects(client().push(image("team")), NEED_LOGIN);
          await assert.rejects(client().pull(image("team")), NEED_LOGIN);
        });

        it("is told that a password is wrong, and remembers nothing of it", async () => {
          // Once: more often, and the answer is held back.
          const login = { ...ALICE, password: "wrong" };
          await assert.rejects(client().login(registry.host, login), WRONG);
          await assert.rejects(client().pull(image("team")), NEED_LOGIN);
        });

        if (!hasPolicy) return;

        it("pulls without a login what anybody may pull, and pushes nothing there", async () => {
          await loggedIn(client(), { host: registry.host, ...ALICE }, () => client().push(image("public")));
          assert.equal(await client().pull(image("public")), bench.image.config.digest);
          await assert.rejects(client().push(image("public")), NEED_LOGIN);
        });

        it("is told that a push is denied", async () => {
          await loggedIn(client(), { host: registry.host, ...BOB }, async () => {
            assert.equal(await client().pull(image("team")), bench.image.config.digest);
            await assert.rejects(client().push(image("team")), DENIED);
            await client().push(image("bob"));
          });
        });
      }
    });
  }
});
