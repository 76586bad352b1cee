// One life of a registry that has every kind of secret there is, at log level debug,
// asked rightly and wrongly in every way: afterwards none of them lies in the open.
// Which secrets there are is written down where they are made.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import bcrypt from "@node-rs/bcrypt";
import { stringify } from "yaml";
import { IdentityProvider } from "../auth/identity-provider.ts";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import type { Answer } from "../support/http-caller.ts";
import { freePort, LocalRegistry, MAIN } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { basic, bearer, digestOf } from "./fortress.ts";
import { Client, Secrets, textOf } from "./secret-keeping.ts";

/** A secret that an answer gives out. */
function given({ status, body }: Answer, name: string): string {
  assert.equal(status, 200, body.toString());
  const value: unknown = JSON.parse(body.toString())[name];
  assert.ok(typeof value === "string" && value !== "", `${name} is missing in ${body}`);
  return value;
}

/** Output and exit code of `stowage check-config`. */
function checkConfig(config: string, ...options: readonly string[]): Promise<string> {
  return new Promise((resolve) =>
    execFile(process.execPath, [MAIN, "check-config", ...options, "--config", config], (error, out, err) =>
      resolve(`${error?.code ?? 0}\n${out}\n${err}`),
    ),
  );
}

test("no secret shows in logs, events, errors, configuration, lists or files", {
  skip: lacking("openssl"),
}, async () => {
  const directory = await makeTemporaryDirectory();
  const secrets = new Secrets();
  await using provider = await IdentityProvider.start();
  await using receiver = await WebhookReceiver.start(({ headers, path }) => ({
    status: 500,
    body: `${JSON.stringify(headers)} ${path}`, // a receiver that says everything it was told
  }));
  try {
    const debugPort = await freePort();
    const registry = await start({ directory, secrets, provider, receiver, debugPort });
    const client = new Client(registry.host, secrets);
    try {
      await live(client, secrets, provider);
      await eventually("failed deliveries", async () => (receiver.requests.length > 2 ? true : undefined));
      const root = basic("root", secrets.all.get("password of root"));
      for (const call of ["ListWebhooks", "GetWebhook", "ListDeliveries", "ListDeadLetters", "TestWebhook"])
        await client.rpc(`NotificationService/${call}`, { name: "hook" }, root);
      await client.rpc("AuthService/ListAccessTokens", { all: true }, root);
      const events = await client.rpc("EventService/ListEvents", { pageSize: 1000 }, root);
      assert.match(events.body.toString(), /manifestPushed/);
      for (const [path, text] of await debugPages(debugPort)) secrets.assertNotIn(path, text);
    } finally {
      await registry.stop();
    }
    assert.match(client.seen, /ListDeliveries 200 .*"status/);

    // A test of what nobody was told would find nothing.
    for (const [name, text] of secrets.all)
      assert.ok(
        `${secrets.told}\n${decodeURIComponent(secrets.told.replaceAll("%", "%25"))}`.includes(text),
        `${name} was not used`,
      );
    const log = await registry.logText();
    assert.match(log, /"message":"a webhook delivery failed/);
    secrets.assertNotIn("the log", log);
    secrets.assertNotIn("an answer", client.seen);
    for (const options of [[], ["--json"]])
      secrets.assertNotIn("check-config", await checkConfig(registry.config, ...options));
    secrets.assertNotIn("the data", await textOf(registry.data));

    const broken = await breakConfig(registry.config, join(directory, "broken.yml"));
    for (const options of [[], ["--json"]]) {
      const told = await checkConfig(broken, ...options);
      assert.match(told, /^[1-9]/);
      secrets.assertNotIn("what is said about a broken configuration", told);
    }
  } finally {
    await removeTemporaryDirectory(directory);
  }
});

/** All pages of the debug listener, by path: whatever it lists, with what profiles are made of. */
async function debugPages(port: number): Promise<ReadonlyMap<string, string>> {
  const url = `http://127.0.0.1:${port}`;
  const list = await (await fetch(`${url}/debug`)).text();
  const paths = list.split("\n").flatMap((line) => /^\/\S+/.exec(line)?.[0] ?? []);
  for (const path of ["/debug/vars", "/debug/config", "/debug/health/ready", "/metrics"])
    assert.ok(paths.includes(path), path);
  const pages = new Map([["/debug", list]]);
  for (const path of paths) {
    const response = await fetch(`${url}${path}?seconds=0.3`);
    // The health check's receiver is not well, which readiness tells with its reason.
    assert.ok(response.status === 200 || path.startsWith("/debug/health"), `${path} ${response.status}`);
    pages.set(path, `${JSON.stringify([...response.headers])}\n${await response.text()}`);
  }
  assert.match(pages.get("/debug/health") ?? "", /it answered 500, not 200/);
  assert.match(pages.get("/debug/vars") ?? "", /"name": "hook"/);
  assert.match(pages.get("/debug/config") ?? "", /"X-Api-Key": \[\s*"\[redacted\]"/);
  return pages;
}

interface Making {
  readonly directory: string;
  readonly secrets: Secrets;
  readonly provider: IdentityProvider;
  readonly receiver: WebhookReceiver;
  readonly debugPort: number;
}

/** A registry that knows as many secrets as its configuration has places for. */
async function start({ directory, secrets, provider, receiver, debugPort }: Making): Promise<LocalRegistry> {
  const account = (name: string, more: object = {}) => {
    const password = secrets.make(`password of ${name}`);
    const hash = secrets.make(`hash of ${name}`, bcrypt.hashSync(password, 4));
    return { password: hash, ...more };
  };
  const users = {
    users: { root: account("root"), alice: account("alice", { groups: ["dev"] }), gw: account("gw") },
    robots: { ci: account("ci", { scopes: ["repository:acme/**:pull"] }) },
  };
  const htpasswd = `old:${account("old").password}\n`;
  const authority = await Authority.make(directory);
  const tls = await authority.issue({ subject: "/CN=localhost", names: "IP:127.0.0.1" });
  const keyText = await readFile(tls.key, "utf8");
  secrets.make("TLS key", keyText.split("\n")[1] ?? "");
  const files = {
    users: [join(directory, "users.yml"), stringify(users)],
    htpasswd: [join(directory, "htpasswd"), htpasswd],
    signing: [join(directory, "signing"), signingSecret(secrets, "signing secret in a file")],
  } as const;
  for (const [path, text] of Object.values(files)) await writeFile(path, text);
  const hook = new URL(receiver.url);
  hook.username = "hook";
  hook.password = secrets.make("password of the webhook");
  hook.pathname = "/events";
  hook.search = `?key=${secrets.make("key in the URL of the webhook")}`;
  const checked = new URL(receiver.url);
  checked.username = "me";
  checked.password = secrets.make("password of the health check");
  checked.search = `?key=${secrets.make("key in the URL of the health check")}`;
  const sections = {
    health: {
      http: [
        {
          uri: checked.href,
          headers: { Authorization: [secrets.make("header of the health check")] },
          interval: "50ms",
        },
      ],
    },
    log: {
      level: "debug",
      formatter: "json",
      // Nobody takes the mails and the traces, so that there are errors to tell of.
      hooks: [
        {
          type: "mail",
          levels: ["warn", "error"],
          options: {
            smtp: {
              addr: "127.0.0.1:1",
              username: "registry",
              password: secrets.make("password of the mail server"),
            },
            from: "registry@example.com",
            to: ["operator@example.com"],
          },
        },
      ],
    },
    tracing: {
      otlp: {
        endpoint: "http://127.0.0.1:1/v1/traces",
        headers: { Authorization: secrets.make("header of the traces") },
      },
    },
    auth: {
      users: { path: files.users[0] },
      htpasswd: { path: files.htpasswd[0] },
      gateways: ["user:gw"],
      oidc: [
        {
          name: "ci",
          issuer: provider.issuer,
          audience: "stowage",
          rules: [{ claims: { sub: "job-1" }, groups: ["dev"] }],
        },
      ],
      policy: [
        { repositories: "acme/**", who: "group:dev", allow: ["pull", "push"] },
        { who: "user:root", allow: "admin" },
      ],
    },
    notifications: {
      endpoints: [
        {
          name: "hook",
          url: hook.href,
          headers: { "X-Api-Key": [secrets.make("header of the webhook")] },
          backoff: "20ms",
          giveup: { attempts: 2 },
          signing: {
            secrets: [signingSecret(secrets, "signing secret")],
            secretfiles: [files.signing[0]],
          },
        },
      ],
    },
  };
  const http = {
    secret: secrets.make("http.secret"),
    tls: { certificate: tls.certificate, key: tls.key },
    debug: { addr: debugPort, prometheus: { enabled: true } },
  };
  secrets.told += `${JSON.stringify({ sections, http })}\n${keyText}\n${Object.values(files).join("\n")}\n`;
  return LocalRegistry.start({ directory, http, sections });
}

function signingSecret(secrets: Secrets, name: string): string {
  return secrets.make(name, `whsec_${randomBytes(30).toString("base64")}`);
}

/** All that clients do, the right and the wrong. */
async function live(client: Client, secrets: Secrets, provider: IdentityProvider): Promise<void> {
  const as = (name: string) => basic(name, secrets.all.get(`password of ${name}`));
  for (const name of ["root", "alice", "gw", "ci", "old"])
    assert.equal((await client.ask({ path: "/v2/", authorization: as(name) })).status, 200, name);
  await pushAs(client, as("alice"));

  // Tokens of each kind, given out and used.
  const docker = await client.ask({
    path: "/auth/token?service=stowage&offline_token=true&scope=repository:acme/app:pull",
    authorization: as("alice"),
  });
  const token = secrets.make("bearer token", given(docker, "token"));
  const refresh = secrets.make("refresh token", given(docker, "refresh_token"));
  const oauth = await client.form({
    grant_type: "refresh_token",
    refresh_token: refresh,
    service: "stowage",
  });
  const other = secrets.make("second bearer token", given(oauth, "access_token"));
  const made = await client.rpc("AuthService/CreateAccessToken", { description: "for tests" }, as("alice"));
  const access = secrets.make("access token", given(made, "token"));
  const identity = secrets.make("token of the provider", await provider.sign(Date.now()));
  const foreign = secrets.make(
    "unwelcome token of the provider",
    await provider.sign(Date.now(), { sub: "x" }),
  );
  const exchange = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
  };
  const exchanged = await client.form({ ...exchange, subject_token: identity, service: "stowage" });
  secrets.make("exchanged token", given(exchanged, "access_token"));
  await client.ask({ path: "/v2/", authorization: bearer(secrets.all.get("exchanged token") ?? "") });
  await client.form({ ...exchange, subject_token: foreign, service: "stowage" });
  for (const credential of [token, other, access, identity, foreign]) {
    for (const authorization of [bearer(credential), basic("any", credential)])
      for (const path of ["/v2/", "/v2/acme/app/tags/list", "/v2/secret/x/tags/list", "/v2/_catalog"])
        await client.ask({ path, authorization });
    await client.rpc("ManifestService/ListTags", { repository: "secret/x" }, bearer(credential));
  }

  // A gateway, believed and not.
  const claims = JSON.stringify({ id: "1", method: "GET", address: "203.0.113.9:1" });
  for (const password of [secrets.all.get("password of gw"), secrets.make("wrong password of the gateway")])
    await client.ask({
      path: "/v2/",
      headers: { "stowage-client": claims, "stowage-gateway-authorization": basic("gw", password) },
      authorization: as("alice"),
    });
  await confuse(client, secrets);
  await client.rpc("AuthService/RevokeAccessToken", { accessTokenId: idOf(made) }, as("alice"));
  await client.ask({ path: "/v2/", authorization: bearer(access) });
}

function idOf({ body }: Answer): string {
  return String(JSON.parse(body.toString()).accessToken.accessTokenId);
}

/** Secrets where they do not belong, as people put them. */
async function confuse(client: Client, secrets: Secrets): Promise<void> {
  const wrong = secrets.make("wrong password");
  await client.ask({ path: "/v2/", authorization: basic("alice", wrong) });
  await client.ask({ path: "/v2/", authorization: basic(secrets.make("password as name"), "") });
  await client.ask({ path: "/v2/", authorization: secrets.make("password without a scheme") });
  await client.ask({ path: "/v2/", authorization: `Token ${secrets.make("password of another scheme")}` });
  await client.ask({ path: "/v2/", authorization: `Basic ${secrets.make("password without Base64")}` });
  await client.ask({ path: "/v2/", authorization: bearer(secrets.make("password as token")) });
  await client.ask({ path: "/v2/", authorization: bearer(`stow_${secrets.make("wrong access token")}`) });
  await client.ask({ path: `/v2/?access_token=${secrets.make("token in a query")}` });
  await client.ask({ path: `/auth/token?account=alice&password=${secrets.make("password in a query")}` });
  await client.ask({ path: `/auth/nothing?password=${secrets.make("password for nobody")}` });
  await client.ask({ path: "/v2/", headers: { cookie: `session=${secrets.make("cookie")}` } });
  await client.ask({ path: "/v2/", headers: { "proxy-authorization": basic("a", secrets.make("proxy's")) } });
  const service = "stowage";
  const password = secrets.make("wrong password in a form");
  await client.form({ grant_type: "password", username: "alice", password, service });
  await client.form({
    grant_type: "refresh_token",
    refresh_token: secrets.make("wrong refresh token"),
    service,
  });
  await client.form({ grant_type: "password", password: secrets.make("password without a name") });
  const message = { password: { username: "alice", password: secrets.make("wrong password in a call") } };
  await client.rpc("AuthService/IssueToken", message);
  await client.rpc("AuthService/IssueToken", { refreshToken: secrets.make("wrong token in a call") });
  await client.rpc("AuthService/IssueToken", { subjectToken: secrets.make("wrong subject in a call") });
}

/** A blob, a manifest and its tag. */
async function pushAs(client: Client, authorization: string): Promise<void> {
  const text = "an image of no secrets";
  const blob = {
    method: "POST",
    path: `/v2/acme/app/blobs/uploads/?digest=${digestOf(text)}`,
    authorization,
  };
  assert.equal((await client.ask({ ...blob, body: Buffer.from(text) })).status, 201);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const config = {
    mediaType: "application/vnd.oci.empty.v1+json",
    digest: digestOf(text),
    size: text.length,
  };
  const manifest = { schemaVersion: 2, mediaType, artifactType: "application/x-test", config, layers: [] };
  const pushed = await client.ask({
    method: "PUT",
    path: "/v2/acme/app/manifests/v1",
    headers: { "content-type": mediaType },
    body: Buffer.from(JSON.stringify(manifest)),
    authorization,
  });
  assert.equal(pushed.status, 201, pushed.body.toString());
}

/** The same configuration with a mistake at each of its secrets. */
async function breakConfig(config: string, broken: string): Promise<string> {
  const text = await readFile(config, "utf8");
  const spoiled = text
    .replace(/secret: (\S+)/, "secret: {value: $1}")
    .replace(/(url: )(http\S+)/, "$1[$2]")
    .replace(/- whsec_/, "- whsec-")
    .replace(/(X-Api-Key:\s*- )(\S+)/, "$1{key: $2}");
  assert.notEqual(spoiled, text);
  await writeFile(broken, spoiled);
  return broken;
}
