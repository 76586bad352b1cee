// Who may come in and what they may do changes while the registry runs: clients notice, and half a file changes nothing.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, beforeEach, describe, it } from "node:test";
import { ALICE, BOB, POLICY, writeUsers } from "../../support/accounts.ts";
import { eventually } from "../../support/eventually.ts";
import type { LocalRegistry } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import { CLIENT_TOOLS, type ClientName, loggedIn } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";

const CLIENTS: readonly ClientName[] = ["docker", "skopeo"];
const REFUSED = /denied|unauthorized|authentication required|invalid username/i;

describe("clients and files that change", { skip: lacking(...CLIENT_TOOLS) }, () => {
  let bench: LoginBench;
  let registry: LocalRegistry;
  let directory: string;
  let users: string;

  const sections = (policy: unknown): Readonly<Record<string, unknown>> => ({
    log: { level: "warn" },
    auth: { users: { path: users }, policy },
  });

  before(async () => {
    bench = await LoginBench.open();
    directory = await bench.ownDirectory("users");
    users = await writeUsers(directory, [ALICE, BOB]);
    registry = await bench.startRegistry({ sections: sections(POLICY) });
    await loggedIn(bench.skopeo, { host: registry.host, ...ALICE }, () => bench.skopeo.push(at("team/app")));
  });

  beforeEach(async () => {
    await writeUsers(directory, [ALICE, BOB]);
    await registry.configure(sections(POLICY));
  });

  after(() => bench?.close());

  const at = (repository: string): string => `${registry.host}/${repository}:v1`;

  /** What the client says when it tries to pull; undefined when it can. */
  async function refusal(name: ClientName, repository: string): Promise<string | undefined> {
    try {
      assert.equal(await bench.client(name).pull(at(repository)), bench.image.config.digest);
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  const canPull = (name: ClientName, repository: string): Promise<true> =>
    eventually(`${name} can pull`, async () => ((await refusal(name, repository)) ? undefined : true));

  for (const name of CLIENTS) {
    it(`${name} is refused soon after its user was taken out of the file`, async () => {
      await eventually("bob is known", async () =>
        bench
          .client(name)
          .login(registry.host, BOB)
          .then(
            () => true,
            () => undefined,
          ),
      );
      await canPull(name, "team/app");
      await writeUsers(directory, [ALICE]);
      const said = await eventually("a refusal", () => refusal(name, "team/app"));
      assert.match(said, REFUSED);
      await assert.rejects(bench.client(name).login(registry.host, BOB), REFUSED);
      await bench.client(name).logout(registry.host);
    });
  }

  it("skopeo follows the policy when that changes", async () => {
    assert.match((await refusal("skopeo", "team/app")) ?? "", REFUSED);
    await registry.configure(sections([{ repositories: "**", who: "anyone", allow: "pull" }]));
    await canPull("skopeo", "team/app");
    await registry.configure(sections(POLICY));
    assert.match(await eventually("a refusal", () => refusal("skopeo", "team/app")), REFUSED);
  });

  it("files that are wrong change nothing", async () => {
    await loggedIn(bench.skopeo, { host: registry.host, ...ALICE }, async () => {
      await canPull("skopeo", "team/app");
      await writeFile(users, "users: {alice: {passw");
      await registry.configure(sections([{ repositories: "**", who: "anyone", allow: "everything" }]));
      for (const message of ["a file cannot be used any more", "the configuration is wrong now"])
        await eventually(`the log says "${message}"`, async () =>
          (await registry.logText()).includes(message) ? true : undefined,
        );
      await bench.skopeo.push(at("team/kept"));
    });
    assert.match((await refusal("skopeo", "team/app")) ?? "", REFUSED);
    await loggedIn(bench.skopeo, { host: registry.host, ...BOB }, () => canPull("skopeo", "team/app"));
  });
});
