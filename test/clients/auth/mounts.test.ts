// One login, several repositories: clients ask for wider tokens, and mount layers from where they may pull.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ALICE, BOB, POLICY, writeHtpasswd, writeUsers } from "../../support/accounts.ts";
import type { LocalRegistry } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import { CLIENT_TOOLS, loggedIn } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";

const WAYS = ["tokens", "Basic"] as const;

describe("clients copy between repositories", { skip: lacking(...CLIENT_TOOLS) }, () => {
  let bench: LoginBench;

  before(async () => {
    bench = await LoginBench.open();
  });

  after(() => bench?.close());

  for (const way of WAYS) {
    describe(`with ${way}`, () => {
      let registry: LocalRegistry;

      before(async () => {
        const directory = await bench.ownDirectory(way);
        const people = [ALICE, BOB];
        const auth =
          way === "tokens"
            ? { users: { path: await writeUsers(directory, people) } }
            : { htpasswd: { path: await writeHtpasswd(directory, people) }, issuer: { enabled: false } };
        // What is alice's own is nobody else's.
        const policy = [{ repositories: "public/own/**", who: "user:bob", deny: "pull" }, ...POLICY];
        registry = await bench.startRegistry({ sections: { auth: { ...auth, policy } } });
      });

      const at = (repository: string): string => `${registry.host}/${repository}:v1`;

      it("docker mounts layers from a repository that it may pull from, and uploads them otherwise", async () => {
        const { docker, image } = bench;
        await loggedIn(docker, { host: registry.host, ...ALICE }, async () => {
          await docker.push(at("public/own/first"));
          const said = await docker.push(at("public/own/second"));
          assert.equal(said.match(/Mounted from/g)?.length, image.layerTars.length, said);
        });
        // The engine still knows where the layers are; bob may not take them from there.
        await loggedIn(docker, { host: registry.host, ...BOB }, async () => {
          const said = await docker.push(at("bob/docker"));
          assert.equal(said.match(/Pushed/g)?.length, image.layerTars.length, said);
          assert.equal(await docker.pull(at("bob/docker")), image.config.digest);
        });
      });

      it("skopeo mounts blobs from where it may pull, and uploads them otherwise", async () => {
        const { skopeo, image } = bench;
        await loggedIn(skopeo, { host: registry.host, ...ALICE }, () => skopeo.push(at("public/own/first")));
        // Where blobs have been seen it tries to mount them from, with or without the right to.
        await loggedIn(skopeo, { host: registry.host, ...BOB }, async () => {
          await skopeo.push(at("bob/skopeo"));
          assert.equal(await skopeo.pull(at("bob/skopeo")), image.config.digest);
          await assert.rejects(skopeo.pull(at("public/own/first")), /denied/);
          await skopeo.copyBetween(at("bob/skopeo"), at("bob/copy"));
          assert.equal(await skopeo.pull(at("bob/copy")), image.config.digest);
        });
      });

      it("skopeo and docker are refused a copy to where they may only pull", async () => {
        for (const client of [bench.skopeo, bench.docker])
          await loggedIn(client, { host: registry.host, ...BOB }, () =>
            assert.rejects(client.push(at("team/third")), /denied/),
          );
      });
    });
  }
});
