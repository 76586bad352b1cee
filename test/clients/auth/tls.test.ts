// Clients reach a registry by a name that is not on loopback, over TLS, with an authority of its own.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ALICE, POLICY, writeUsers } from "../../support/accounts.ts";
import { Authority } from "../../support/certificates.ts";
import type { LocalRegistry } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import { lackingNetwork, PrivateNetwork, REGISTRY_NAME } from "../../support/private-network.ts";
import { CLIENT_TOOLS, type ClientName, loggedIn } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../support/temporary-directory.ts";

const CLIENTS: readonly ClientName[] = ["docker", "podman", "skopeo"];
const REASON = lacking(...CLIENT_TOOLS, "openssl") || (await lackingNetwork());

describe("clients log in over TLS", { skip: REASON }, () => {
  let directory: string;
  let network: PrivateNetwork;
  let bench: LoginBench;
  let authority: Authority;
  let registry: LocalRegistry;

  before(async () => {
    directory = await makeTemporaryDirectory();
    network = await PrivateNetwork.open(directory);
    bench = await LoginBench.open({ enter: network.enter });
    authority = await Authority.make(await bench.ownDirectory("certificates"));
    const files = await authority.issue({ subject: "/CN=registry", names: `DNS:${REGISTRY_NAME}` });
    const path = await writeUsers(await bench.ownDirectory("users"), [ALICE]);
    registry = await bench.startRegistry({
      place: network.place,
      http: { tls: files },
      sections: { auth: { users: { path }, policy: POLICY } },
    });
  });

  after(async () => {
    await bench?.close();
    await network?.close();
    await removeTemporaryDirectory(directory);
  });

  it("none of them believes a registry whose authority it does not know", async () => {
    for (const name of CLIENTS)
      await assert.rejects(bench.client(name).login(registry.host, ALICE), /x509|certificate/, name);
  });

  for (const name of CLIENTS) {
    it(`${name} logs in, pushes and pulls, once it knows the authority`, async () => {
      await network.trust(authority.path);
      const client = bench.client(name);
      const image = (area: string): string => `${registry.host}/${area}/${name}:v1`;
      await loggedIn(client, { host: registry.host, ...ALICE }, async () => {
        for (const area of ["team", "public"]) await client.push(image(area));
        assert.equal(await client.pull(image("team")), bench.image.config.digest);
      });
      await assert.rejects(client.pull(image("team")), /denied|unauthorized|authentication required/);
      assert.equal(await client.pull(image("public")), bench.image.config.digest);
    });
  }
});
