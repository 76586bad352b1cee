// What docs/auth.md says: its configurations and scripts are run as they stand, but for names, paths and ports.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { parse } from "yaml";
import { parseUsersFile } from "../../src/config/users-file.ts";
import { IdentityProvider } from "../auth/identity-provider.ts";
import { writeDockerArchive } from "../support/docker-archive.ts";
import { DOCKER_TOOLS, DockerEngine } from "../support/docker-engine.ts";
import { eventually } from "../support/eventually.ts";
import { ImageLayout } from "../support/image-layout.ts";
import { freePort } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { AuthBench, PASSWORDS } from "./auth-bench.ts";
import { Page } from "./page.ts";

const page = await Page.read("auth.md");
const TOOLS = ["bash", "curl", "openssl"] as const;
const NO_DOCKER = lacking(...DOCKER_TOOLS);

suite("docs/auth.md", { skip: lacking(...TOOLS) }, () => {
  let engine: DockerEngine | undefined;
  let directory: string;

  before(async () => {
    directory = await makeTemporaryDirectory();
    if (NO_DOCKER === false) engine = await startEngineWithAlpine(directory);
  });
  after(async () => {
    await engine?.stop();
    await removeTemporaryDirectory(directory);
  });

  async function open(configuration: string, prepare?: (bench: AuthBench) => Promise<unknown>) {
    const bench = await AuthBench.open(page);
    try {
      Object.assign(bench.environment, engine?.variables);
      await bench.run("users.sh");
      await prepare?.(bench);
      await bench.serve(configuration);
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
    return bench;
  }

  suite("a small team", () => {
    test("team.yml lets everybody pull and the team push", async () => {
      await using bench = await open("team.yml");
      const upload = ["-X", "POST", `${bench.url}/v2/acme/app/blobs/uploads/`];
      assert.equal(await bench.status(...upload), 401);
      assert.equal(await bench.status("-u", `bob:${PASSWORDS.bob}`, ...upload), 202);
      assert.equal(await bench.status("-u", "bob:wrong", ...upload), 401);
      assert.equal(await bench.status(`${bench.url}/v2/acme/app/tags/list`), 404); // there is none, and one may know it
    });

    test("docker.sh logs in, pushes, logs out and pulls", { skip: NO_DOCKER }, async () => {
      await using bench = await open("team.yml");
      const { stdout } = await bench.run("docker.sh");
      assert.match(stdout, /Login Succeeded.*digest: sha256:/s);
    });
  });

  test("htpasswd.yml lets in who is in the file that htpasswd.sh makes, with the password each time", async () => {
    await using bench = await open("htpasswd.yml", (it) => it.run("htpasswd.sh"));
    assert.match((await headersOf(bench, "/v2/"))["www-authenticate"] ?? "", /^Basic realm="Registry"/);
    assert.equal(await bench.status("-u", `alice:${PASSWORDS.alice}`, `${bench.url}/v2/`), 200);
    assert.equal(await bench.status("-u", `alice:${PASSWORDS.bob}`, `${bench.url}/v2/`), 401);
  });

  test("token.yml takes tokens that say what the table says", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    await using bench = await open("token.yml", async (it) => {
      const keys = [{ ...(await exportJWK(publicKey)), kid: "one" }];
      await writeFile(it.path("etc/tokens.jwks"), JSON.stringify({ keys }));
    });
    const { "www-authenticate": challenge = "" } = await headersOf(bench, "/v2/");
    assert.equal(challenge, `Bearer realm="https://tokens.example.com/token",service="${bench.host}"`);
    const [example = ""] = /(?<=`access`.*?`)\[.*?\](?=`)/.exec(page.text) ?? [];
    const sign = (audience: string) =>
      new SignJWT({ access: JSON.parse(example) })
        .setProtectedHeader({ alg: "ES256", kid: "one" })
        .setIssuer("tokens.example.com")
        .setAudience(audience)
        .setSubject("carol")
        .setExpirationTime("5m")
        .sign(privateKey);
    const upload = (repository: string, token: string) =>
      bench.status(
        "-H",
        `Authorization: Bearer ${token}`,
        "-X",
        "POST",
        `${bench.url}/v2/${repository}/blobs/uploads/`,
      );
    assert.equal(await upload("acme/app", await sign(bench.host)), 202);
    assert.equal(await upload("acme/other", await sign(bench.host)), 401);
    assert.equal(await upload("acme/app", await sign("somebody else")), 401);
  });

  suite("robots and access tokens", () => {
    test("robots.yml is a users file", () => {
      const { robots } = parseUsersFile("robots.yml", page.named("robots.yml"));
      assert.deepEqual([...robots.keys()], ["ci"]);
    });

    test("tokens.sh makes a token that does what is said, and revoke.sh ends it", {
      skip: NO_DOCKER,
    }, async () => {
      await using bench = await open("team.yml");
      await bench.run("docker.sh");
      const { stdout } = await bench.run("tokens.sh");
      assert.match(stdout, /^user:alice$.*nightly build.*Login Succeeded.*"tags":\["latest"\]/ms);
      assert.match(await bench.read("ci.token"), /^stow_[\w-]{22,}\n$/);
      const withToken = [
        "-H",
        `Authorization: Bearer ${(await bench.read("ci.token")).trim()}`,
        `${bench.url}/v2/`,
      ];
      assert.equal(await bench.status(...withToken), 200);
      await callRpcs(bench);
      await bench.run("revoke.sh");
      assert.equal(await bench.status(...withToken), 401);
    });

    test("tokens-rpc.sh makes, lists and revokes one", async () => {
      await using bench = await open("team.yml");
      const { stdout } = await bench.run("tokens-rpc.sh");
      assert.match(stdout, /"description":"by hand"/);
      const { token } = JSON.parse(await bench.read("new.json"));
      assert.equal(await bench.status("-H", `Authorization: Bearer ${token}`, `${bench.url}/v2/`), 401);
    });
  });

  /** What stands below "Calling RPCs", with the token of tokens.sh. */
  async function callRpcs(bench: AuthBench): Promise<void> {
    for (const script of ["rpc.sh", "grpc.sh"])
      assert.match((await bench.run(script)).stdout, /"latest"/, script);
    await bench.write("whoami.ts");
    const { stdout, stderr } = await bench.command(process.execPath, "whoami.ts");
    assert.equal(stdout, "user:alice repository:acme/**:pull,push\n", stderr);
  }

  suite("OpenID Connect", () => {
    async function openWithProviders(github: IdentityProvider, gitlab: IdentityProvider) {
      return open("oidc.yml", async (bench) => {
        bench.changes.set("https://token.actions.githubusercontent.com", github.issuer);
        bench.changes.set("https://gitlab.com", gitlab.issuer);
      });
    }
    const MAIN = {
      repository_owner: "acme",
      ref: "refs/heads/main",
      sub: "repo:acme/app:ref:refs/heads/main",
    };

    test("oidc.yml lets in by claims, and only where the policy and the rule allow it", async () => {
      await using github = await IdentityProvider.start();
      await using gitlab = await IdentityProvider.start();
      await using bench = await openWithProviders(github, gitlab);
      const push = async (provider: IdentityProvider, claims: object, repository = "acme/app") => {
        const token = await provider.sign(Date.now(), { aud: bench.host, ...claims });
        const path = `${bench.url}/v2/${repository}/blobs/uploads/`;
        return bench.status("-H", `Authorization: Bearer ${token}`, "-X", "POST", path);
      };
      assert.equal(await push(github, MAIN), 202);
      assert.equal(await push(github, MAIN, "other/app"), 403);
      assert.equal(await push(github, { ...MAIN, ref: "refs/heads/feature" }), 403);
      assert.equal(await push(github, { ...MAIN, repository_owner: "mallory" }), 401);
      assert.equal(await push(github, { ...MAIN, aud: "elsewhere" }), 401);
      assert.equal(await push(gitlab, { namespace_path: "acme", ref_protected: "true" }), 202);
      assert.equal(await push(gitlab, { namespace_path: "acme", ref_protected: "false" }), 401);
    });

    test("ci.sh pushes with the job's token", { skip: NO_DOCKER }, async () => {
      await using github = await IdentityProvider.start();
      await using gitlab = await IdentityProvider.start();
      await using bench = await openWithProviders(github, gitlab);
      bench.environment.ID_TOKEN = await github.sign(Date.now(), { aud: bench.host, ...MAIN });
      assert.match((await bench.run("ci.sh")).stdout, /digest: sha256:/);
    });

    test("the workflows are YAML, log in as ci.sh does, and ask for the audience of oidc.yml", () => {
      const [login = ""] = /docker login .*/.exec(page.named("ci.sh")) ?? [];
      for (const name of ["github-workflow.yml", "gitlab-ci.yml"]) {
        assert.equal(typeof parse(page.named(name)), "object");
        assert.ok(page.named(name).includes(login), name);
      }
      const { auth } = parse(page.named("oidc.yml"));
      const [audience] = auth.oidc.map((provider: { readonly audience: string }) => provider.audience);
      assert.ok(page.named("github-workflow.yml").includes(`&audience=${audience}"`));
      assert.equal(parse(page.named("gitlab-ci.yml")).image.id_tokens.STOWAGE_ID_TOKEN.aud, audience);
    });
  });

  test("certificates.sh comes in with a certificate that certificates.yml knows", async () => {
    await using bench = await open("certificates.yml", async (it) => {
      const { certificate, key } = await it.authority.issue({ subject: "/O=Acme/CN=build-7" });
      await it.command("cp", certificate, it.path("build-7.pem"));
      await it.command("cp", key, it.path("build-7.key"));
    });
    assert.match((await bench.run("certificates.sh")).stdout, /cert:build-7$.*machines/ms);
    const withCertificate = ["--cert", bench.path("build-7.pem"), "--key", bench.path("build-7.key")];
    const upload = ["-X", "POST", `${bench.url}/v2/acme/app/blobs/uploads/`];
    assert.equal(await bench.status(...withCertificate, ...upload), 202);
    assert.equal(await bench.status(...upload), 401);
    assert.equal(await bench.status("-u", `alice:${PASSWORDS.alice}`, ...withCertificate, ...upload), 202);
  });

  test("explain.sh prints what stands below it", async () => {
    await using bench = await AuthBench.open(page);
    await bench.run("users.sh");
    await bench.write("policy.yml");
    const { stdout } = await bench.run("explain.sh");
    assert.equal(`# explain.txt\n${stdout}`, page.named("explain.txt"));
  });

  test("a gateway that gateways.yml names is believed what it tells of its clients", async () => {
    await using bench = await open("gateways.yml", async (it) => {
      const users = parse(await it.read("etc/users.yml"));
      const robots = { gateway: { password: users.users.bob.password, scopes: [] } };
      await writeFile(it.path("etc/users.yml"), JSON.stringify({ ...users, robots }));
    });
    await bench.run("gateway-token.sh");
    const port = await freePort();
    bench.changes.set("127.0.0.1:5080", `127.0.0.1:${port}`);
    await bench.start(
      ["bash", "-c", `cd ${bench.directory} && exec ${bench.text("gateway.sh").split("\n")[1]}`],
      port,
    );
    const content = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; // of "{}"
    const upload = `http://127.0.0.1:${port}/v2/acme/app/blobs/uploads/?digest=${content}`;
    const alice = ["-u", `alice:${PASSWORDS.alice}`];
    const body = ["-H", "Content-Type: application/octet-stream", "--data-binary", "{}"];
    assert.equal(await bench.status(...alice, "--interface", "127.0.0.9", ...body, upload), 201);
    const { stdout } = await bench.command(
      ...["curl", "-sS", ...alice, "-H", "Content-Type: application/json", "-d", "{}"],
      `${bench.url}/stowage.v1.EventService/ListEvents`,
    );
    const { events } = JSON.parse(stdout);
    const pushed = events.find((event: object) => "blobPushed" in event);
    assert.match(pushed.request.address, /^127\.0\.0\.9:/);
    assert.equal(pushed.actor.name, "alice");
  });

  test("the users file and the policy are read again when they change", async () => {
    await using bench = await open("team.yml");
    const upload = ["-X", "POST", `${bench.url}/v2/acme/app/blobs/uploads/`];
    const bob = ["-u", `bob:${PASSWORDS.bob}`];
    const until = (status: number, ...options: readonly string[]) =>
      eventually(`${status}`, async () => ((await bench.status(...options)) === status ? true : undefined));
    await until(202, ...bob, ...upload);
    const { users } = parse(await bench.read("etc/users.yml"));
    await writeFile(bench.path("etc/users.yml"), JSON.stringify({ users: { alice: users.alice } }));
    await until(401, ...bob, ...upload);
    const policy = (await bench.read("team.yml")).replace(
      "authenticated, allow: push",
      "authenticated, deny: push",
    );
    await writeFile(bench.path("team.yml"), policy);
    await until(403, "-u", `alice:${PASSWORDS.alice}`, ...upload);
  });
});

async function startEngineWithAlpine(directory: string): Promise<DockerEngine> {
  const [docker, images] = [join(directory, "docker"), join(directory, "images")];
  for (const path of [docker, images]) await mkdir(path);
  const engine = await DockerEngine.start(docker);
  const image = await (await ImageLayout.create(images)).addImage({ seed: "alpine" });
  const archive = join(directory, "alpine.tar");
  await writeDockerArchive(archive, image, ["alpine:latest"]);
  await engine.docker("load", "--input", archive);
  return engine;
}

async function headersOf(bench: AuthBench, path: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await bench.command("curl", "-sSI", bench.url + path);
  return Object.fromEntries(
    [...stdout.matchAll(/^([\w-]+): (.*?)\r?$/gm)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );
}
