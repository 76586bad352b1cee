// Clients log in through a gateway in a process of its own. The registry behind it believes what a gateway says about
// them when it proves who it is, and what strangers say never.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { digestOf } from "../../../src/oci/digest.ts";
import { ALICE, BOB, hashOf, POLICY, writeUsers } from "../../support/accounts.ts";
import { HttpCaller } from "../../support/http-caller.ts";
import { freePort, type LocalRegistry, MAIN } from "../../support/local-registry.ts";
import { LoginBench } from "../../support/login-bench.ts";
import { CLIENT_TOOLS, type Login, loggedIn } from "../../support/registry-clients.ts";
import { lacking } from "../../support/required-tools.ts";
import { run } from "../../support/run.ts";
import { ServerProcess } from "../../support/server-process.ts";

const GATEWAY: Login = { user: "front", password: "the gateway's secret" };
const ELSEWHERE = "127.0.0.9"; // on loopback as all of 127.0.0.0/8, and neither gateway nor registry
const basic = ({ user, password }: Login): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

interface SeenEvent {
  readonly repository: string;
  readonly actor?: { readonly name: string };
  readonly request?: { readonly address: string; readonly host: string; readonly userAgent: string };
}

describe("clients log in through a gateway", { skip: lacking(...CLIENT_TOOLS) }, () => {
  let bench: LoginBench;
  let registry: LocalRegistry;
  let gateway: ServerProcess;
  let host: string;

  before(async () => {
    bench = await LoginBench.open();
    const robots = { [GATEWAY.user]: { password: await hashOf(GATEWAY.password), scopes: [] } };
    const path = await writeUsers(await bench.ownDirectory("users"), [ALICE, BOB], robots);
    const auth = { users: { path }, policy: POLICY, gateways: [`robot:${GATEWAY.user}`] };
    registry = await bench.startRegistry({ sections: { auth } });
    const tokenFile = join(bench.directory, "token");
    await writeFile(tokenFile, await stowage(GATEWAY, "tokens", "create", "--description", "gateway"));
    host = `127.0.0.1:${await freePort()}`;
    const way = ["--upstream", registry.url, "--addr", host, "--token-file", tokenFile];
    gateway = await ServerProcess.start({
      command: [process.execPath, MAIN, "gateway", ...way],
      log: join(bench.directory, "gateway.log"),
      ready: async () => (await fetch(`http://${host}/v2/`)).status === 401,
    });
  });

  after(async () => {
    await gateway?.stop();
    await bench?.close();
  });

  async function stowage({ user, password }: Login, ...args: readonly string[]): Promise<string> {
    const env = { ...process.env, STOWAGE_USER: user, STOWAGE_PASSWORD: password };
    return (await run([process.execPath, MAIN, ...args, "--server", registry.url], { env })).stdout;
  }

  async function eventsOf(repository: string): Promise<readonly SeenEvent[]> {
    const lines = (await stowage(ALICE, "events", "--json", "--repository", repository)).trim().split("\n");
    const events = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as SeenEvent);
    assert.ok(events.length > 0, `nothing happened in ${repository}`);
    return events;
  }

  /** Uploads a blob in one request. */
  async function upload(
    repository: string,
    { at, from, headers }: { at: string; from?: string; headers: Readonly<Record<string, string>> },
  ): Promise<void> {
    const body = Buffer.from(`blob of ${repository}`);
    const caller = new HttpCaller(at, [], from);
    try {
      const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`;
      const type = { "content-type": "application/octet-stream" };
      await caller.expect([201], { method: "POST", path, headers: { ...type, ...headers }, body });
    } finally {
      caller.close();
    }
  }

  it("docker pushes and pulls, and the event names who it was, as the gateway saw it", async () => {
    const image = `${host}/team/docker:v1`;
    await loggedIn(bench.docker, { host, ...ALICE }, async () => {
      await bench.docker.push(image);
      assert.equal(await bench.docker.pull(image), bench.image.config.digest);
    });
    for (const { actor, request } of await eventsOf("team/docker")) {
      assert.equal(actor?.name, ALICE.user);
      assert.equal(request?.host, host);
      assert.match(request?.userAgent ?? "", /docker/);
    }
  });

  it("skopeo is refused as the registry refuses it", async () => {
    const image = `${host}/team/skopeo:v1`;
    await assert.rejects(
      bench.skopeo.login(host, { ...BOB, password: "wrong" }),
      /invalid username\/password/,
    );
    await loggedIn(bench.skopeo, { host, ...BOB }, async () => {
      await assert.rejects(bench.skopeo.push(image), /denied/);
      await bench.skopeo.push(`${host}/bob/skopeo:v1`);
    });
    await assert.rejects(bench.skopeo.pull(`${host}/bob/skopeo:v1`), /denied|unauthorized/);
  });

  it("the event has the client's address, not the gateway's", async () => {
    await upload("team/far", { at: host, from: ELSEWHERE, headers: { authorization: basic(ALICE) } });
    for (const { actor, request } of await eventsOf("team/far")) {
      assert.equal(actor?.name, ALICE.user);
      assert.match(request?.address ?? "", new RegExp(`^${ELSEWHERE}:`));
    }
  });

  it("strangers are not believed when they speak as a gateway does", async () => {
    const claims = {
      id: "x",
      method: "PUT",
      address: "203.0.113.9:1",
      host: "evil.test",
      userAgent: "forged",
    };
    const own: readonly Readonly<Record<string, string>>[] = [
      {},
      { "stowage-gateway-authorization": basic(BOB) },
      { "stowage-gateway-authorization": "Bearer stow_forged" },
    ];
    for (const [index, header] of own.entries())
      for (const [place, at] of Object.entries({ registry: registry.host, gateway: host })) {
        const headers = { authorization: basic(ALICE), "stowage-client": JSON.stringify(claims), ...header };
        await upload(`team/forged/${place}-${index}`, { at, from: ELSEWHERE, headers });
      }
    const events = await eventsOf("team/forged/");
    assert.equal(new Set(events.map(({ repository }) => repository)).size, 2 * own.length);
    for (const { repository, request } of events) {
      assert.match(request?.address ?? "", new RegExp(`^${ELSEWHERE}:`), repository);
      assert.equal(request?.host, repository.includes("gateway") ? host : registry.host);
      assert.notEqual(request?.userAgent, claims.userAgent);
    }
  });
});
