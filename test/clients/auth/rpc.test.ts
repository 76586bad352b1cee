// gRPC and Connect clients that share no code with the registry prove who they are: with tokens over TLS, and with
// certificates of their own.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ALICE, writeUsers } from "../../support/accounts.ts";
import { Authority, type CertificateFiles } from "../../support/certificates.ts";
import { ForeignClient, type ForeignTls, type Message, tlsCredentials } from "../../support/foreign-rpc.ts";
import { LocalRegistry } from "../../support/local-registry.ts";
import { lacking } from "../../support/required-tools.ts";
import { tryRun } from "../../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../support/temporary-directory.ts";

const SCHEMA = fileURLToPath(new URL("../../..", import.meta.url));
const AUTH = "/stowage.v1.AuthService";
const UPLOADS = "/stowage.v1.UploadService";
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const BASIC = `Basic ${Buffer.from(`${ALICE.user}:${ALICE.password}`).toString("base64")}`;

const MODES = {
  optional: "verify-client-cert-if-given",
  required: "require-and-verify-client-cert",
} as const;
type Mode = keyof typeof MODES;

describe("foreign RPC clients prove who they are", { skip: lacking("openssl") }, () => {
  let directory: string;
  let authority: Authority;
  let stranger: Authority;
  let build: CertificateFiles;
  let registries: Readonly<Record<Mode, LocalRegistry>>;
  const clients: ForeignClient[] = [];

  before(async () => {
    directory = await makeTemporaryDirectory();
    authority = await Authority.make(directory);
    stranger = await Authority.make(directory, "stranger");
    build = await authority.issue({ subject: "/O=Acme/CN=build" });
    const server = await authority.issue({ subject: "/CN=registry", names: "DNS:localhost,IP:127.0.0.1" });
    const path = await writeUsers(directory, [ALICE]);
    const start = async (mode: Mode): Promise<LocalRegistry> => {
      const home = join(directory, mode);
      await mkdir(home);
      return LocalRegistry.start({
        directory: home,
        http: { tls: { ...server, clientcas: [authority.path], clientauth: MODES[mode] } },
        sections: {
          storage: { inmemory: {} },
          auth: {
            users: { path },
            certificates: { identity: "cn" },
            policy: [
              { repositories: "team/**", who: ["user:alice", "cert:build"], allow: ["pull", "push"] },
              { repositories: "own/**", who: "user:alice", allow: ["pull", "push"] },
            ],
          },
        },
      });
    };
    registries = { optional: await start("optional"), required: await start("required") };
  });

  after(async () => {
    for (const client of clients) client.close();
    for (const registry of Object.values(registries ?? {})) await registry.stop();
    await removeTemporaryDirectory(directory);
  });

  async function client(mode: Mode, tls: Omit<ForeignTls, "authority"> = {}): Promise<ForeignClient> {
    const credentials = tlsCredentials({ authority: await readFile(authority.path), ...tls });
    const made = new ForeignClient(registries[mode].host, credentials);
    clients.push(made);
    return made;
  }

  async function shown({ certificate, key }: CertificateFiles): Promise<Omit<ForeignTls, "authority">> {
    return { certificate: await readFile(certificate), key: await readFile(key) };
  }

  async function makeToken(): Promise<string> {
    const alice = await client("optional", { authorization: BASIC });
    const scopes = ["repository:team/**:pull,push"];
    const { token } = await alice.call(`${AUTH}/CreateAccessToken`, { description: "test", scopes });
    return String(token);
  }

  const failsWith = (code: number, message: RegExp) => (error: unknown) =>
    (error as { readonly code: number }).code === code && message.test(String(error));

  it("grpc-js brings an access token, and may do what its scopes and its owner may", async () => {
    const bearer = await client("optional", { authorization: `Bearer ${await makeToken()}` });
    const identity = await bearer.call(`${AUTH}/GetIdentity`, {});
    assert.deepEqual([identity.principal, identity.limited], ["user:alice", true]);
    const { upload } = await bearer.call(`${UPLOADS}/CreateUpload`, { repository: "team/app" });
    assert.ok((upload as Message).uploadId);
    const outside = bearer.call(`${UPLOADS}/CreateUpload`, { repository: "own/app" });
    await assert.rejects(outside, failsWith(PERMISSION_DENIED, /its scopes do not allow it/));
  });

  it("grpc-js is refused without credentials and with wrong ones", async () => {
    for (const authorization of [undefined, "Bearer stow_wrong", "Basic d3Jvbmc6d3Jvbmc="]) {
      const nobody = await client("optional", authorization === undefined ? {} : { authorization });
      const call = nobody.call(`${UPLOADS}/CreateUpload`, { repository: "team/app" });
      await assert.rejects(call, failsWith(UNAUTHENTICATED, /./), authorization);
    }
  });

  it("grpc-js is who its certificate says", async () => {
    for (const mode of ["optional", "required"] as const) {
      const certain = await client(mode, await shown(build));
      assert.equal((await certain.call(`${AUTH}/GetIdentity`, {})).principal, "cert:build");
      await certain.call(`${UPLOADS}/CreateUpload`, { repository: "team/app" });
      const outside = certain.call(`${UPLOADS}/CreateUpload`, { repository: "own/app" });
      // grpc-js leaves "%3A" as it comes, although it stands for ":".
      await assert.rejects(outside, failsWith(PERMISSION_DENIED, /cert(:|%3A)build/));
    }
  });

  it("grpc-js comes not even to the question without a certificate where one is required", async () => {
    const bare = await client("required", { authorization: BASIC });
    await assert.rejects(bare.call(`${AUTH}/GetIdentity`, {}), failsWith(UNAVAILABLE, /./));
  });

  it("grpc-js is not let in with the certificate of an authority that nobody knows", async () => {
    const forged = await shown(await stranger.issue({ subject: "/O=Acme/CN=build" }));
    for (const mode of ["optional", "required"] as const) {
      const call = (await client(mode, forged)).call(`${AUTH}/GetIdentity`, {});
      await assert.rejects(call, failsWith(UNAVAILABLE, /./), mode);
    }
  });

  it("grpc-js does not speak to a registry whose authority it does not know", async () => {
    const credentials = tlsCredentials({ authority: await readFile(stranger.path) });
    const made = new ForeignClient(registries.optional.host, credentials);
    clients.push(made);
    await assert.rejects(made.call(`${AUTH}/GetIdentity`, {}), failsWith(UNAVAILABLE, /certificate/));
  });

  for (const protocol of ["connect", "grpc", "grpcweb"]) {
    it(`buf curl brings a token or a certificate over ${protocol}`, async () => {
      const byToken = ["--header", `Authorization: Bearer ${await makeToken()}`];
      assert.equal((await curl(protocol, byToken)).principal, "user:alice");
      const byCertificate = ["--cert", build.certificate, "--key", build.key];
      assert.equal((await curl(protocol, byCertificate)).principal, "cert:build");
      await assert.rejects(curl(protocol, []), /unauthenticated/);
      await assert.rejects(curl(protocol, byToken, stranger), /certificate/);
    });
  }

  async function curl(protocol: string, options: readonly string[], trusted = authority): Promise<Message> {
    const { code, stdout, stderr } = await tryRun([
      ...["buf", "curl", "--protocol", protocol, "--cacert", trusted.path, "--schema", SCHEMA, ...options],
      ...["--data", "{}", `${registries.optional.url}${AUTH}/GetIdentity`],
    ]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Message;
  }
});
