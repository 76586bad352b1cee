import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { ServerOptions } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { AuthService } from "../../src/gen/stowage/v1/auth_service_pb.ts";
import { makeCertificate } from "../auth/certificate-workshop.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { stowageHere } from "./cli.ts";
import { serveFake } from "./fake-service.ts";

/** An authority, and what it signed; files are named after the certificates. */
async function authority(t: TestContext) {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const ca = await makeCertificate(directory, { name: "ca", isAuthority: true, days: 2 });
  const leaf = (name: string) =>
    makeCertificate(directory, { name, isAuthority: false, days: 2, issuer: ca });
  const server = await leaf("localhost");
  const client = await leaf("alice");
  await writeFile(
    join(directory, "other.key"),
    (await leaf("other")).key.export({ type: "pkcs8", format: "pem" }),
  );
  const tls: ServerOptions = {
    cert: server.pem,
    key: server.key.export({ type: "pkcs8", format: "pem" }),
    ca: ca.pem,
    minVersion: "TLSv1.3",
  };
  return { tls, file: (name: string) => join(directory, name), client };
}

const whoami = (url: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  stowageHere(["auth", "whoami", "--server", url, ...args], { environment });

const identity = { getIdentity: () => ({ principal: "cert:alice" }) };

test("a private authority is trusted when it is named, and the way out is told when it is not", async (t) => {
  const { tls, file } = await authority(t);
  await using server = await serveFake(AuthService, identity, tls);
  const named = await whoami(server.url, ["--ca", file("ca.pem")]);
  assert.equal(named.code, 0, named.stderr);
  const byVariable = await whoami(server.url, [], { STOWAGE_CA: file("ca.pem"), STOWAGE_TOKEN: "stow_x" });
  assert.equal(byVariable.code, 0, byVariable.stderr);
  const unnamed = await whoami(server.url, []);
  assert.equal(unnamed.code, 1);
  assert.match(
    unnamed.stderr,
    /for an authority of your own, name its certificate with --ca or \$STOWAGE_CA/,
  );
});

test("a client certificate is shown, and the way out is told where one is wanted", async (t) => {
  const { tls, file } = await authority(t);
  await using server = await serveFake(AuthService, identity, {
    ...tls,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const ca = ["--ca", file("ca.pem")];
  const shown = await whoami(server.url, [...ca, "--cert", file("alice.pem"), "--key", file("alice.key")]);
  assert.equal(shown.code, 0, shown.stderr);
  const byVariable = await whoami(server.url, ca, {
    STOWAGE_CERT: file("alice.pem"),
    STOWAGE_KEY: file("alice.key"),
  });
  assert.equal(byVariable.code, 0, byVariable.stderr);
  const missing = await whoami(server.url, ca);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /it wants a client certificate: --cert and --key/);
});

test("a key of another certificate is refused with code 2", async (t) => {
  const { file } = await authority(t);
  const { code, stderr } = await whoami("https://localhost:1", [
    "--cert",
    file("alice.pem"),
    "--key",
    file("other.key"),
  ]);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^stowage: --cert, --key: .*mismatch/);
});

test("https to a server without TLS is told as that", async () => {
  await using server = await serveFake(AuthService, identity);
  const { code, stderr } = await whoami(server.url.replace("http:", "https:"), []);
  assert.equal(code, 1);
  assert.match(stderr, /: TLS failed: [a-z ]+; it does not speak TLS; is it an http:\/\/ URL\?/);
});
