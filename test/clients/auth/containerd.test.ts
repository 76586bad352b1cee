// containerd brings a user's name and password with each push and pull, and fetches tokens for them.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ALICE, BOB, POLICY, writeHtpasswd, writeUsers } from "../../support/accounts.ts";
import { CONTAINERD_TOOLS, Containerd } from "../../support/containerd.ts";
import { ImageLayout } from "../../support/image-layout.ts";
import { LocalRegistry } from "../../support/local-registry.ts";
import type { Login } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";
import { run } from "../../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../support/temporary-directory.ts";

const LOCAL = "localhost/login:v1";
const REFUSED = /401|403|unauthorized|authorization failed|denied|forbidden/i;
const WAYS = ["tokens", "Basic"] as const;

describe("containerd and a registry that asks who is there", { skip: lacking(...CONTAINERD_TOOLS) }, () => {
  let directory: string;
  let engine: Containerd;

  before(async () => {
    directory = await makeTemporaryDirectory();
    engine = await Containerd.start(join(directory, "containerd"));
    const layout = await ImageLayout.create(join(directory, "layout"));
    await layout.addImage({ tag: LOCAL, seed: "login" });
    const archive = join(directory, "layout.tar");
    await run(["tar", "-C", layout.directory, "-cf", archive, "."]);
    await engine.ctr("images", "import", "--all-platforms", "--no-unpack", archive);
  });

  after(async () => {
    await engine?.stop();
    await removeTemporaryDirectory(directory);
  });

  /** Without a login: as nobody in particular. */
  async function transfer(verb: "push" | "pull", name: string, login?: Login): Promise<void> {
    const who = login === undefined ? [] : ["--user", `${login.user}:${login.password}`];
    await engine.ctr("images", verb, "--plain-http", ...who, name);
  }

  for (const way of WAYS)
    it(`pushes and pulls with ${way} what its user may`, async (t) => {
      const home = join(directory, way);
      await mkdir(home);
      const people = [ALICE, BOB];
      const auth =
        way === "tokens"
          ? { users: { path: await writeUsers(home, people) }, policy: POLICY }
          : {
              htpasswd: { path: await writeHtpasswd(home, people) },
              issuer: { enabled: false },
              policy: POLICY,
            };
      const registry = await LocalRegistry.start({ directory: home, sections: { auth } });
      t.after(() => registry.stop());
      const at = (repository: string): string => `${registry.host}/${repository}:v1`;
      const [team, open, other] = [at("team/app"), at("public/app"), at("team/other")];
      for (const name of [team, open, other]) await engine.ctr("images", "tag", "--force", LOCAL, name);
      for (const name of [team, open]) {
        await assert.rejects(transfer("push", name), REFUSED);
        await transfer("push", name, ALICE);
      }
      await transfer("pull", team, BOB);
      await transfer("pull", open);
      await assert.rejects(transfer("push", other, BOB), REFUSED);
      await assert.rejects(transfer("pull", team), REFUSED);
      await assert.rejects(transfer("pull", team, { ...BOB, password: "wrong" }), REFUSED);
    });
});
