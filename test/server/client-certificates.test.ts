// Client certificates: who is let in with which, and whom the server takes them for.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { ClientAuth, TlsConfig } from "../../src/config/config.ts";
import { Authority, type CertificateFiles } from "../support/certificates.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { FACTS, RawConnection, type RunningServer, runServer } from "./running-server.ts";

type Shown = "nothing" | "one of ours" | "a stranger's";

/** Whether a client is let in, and whether it is somebody then. */
const OUTCOMES: Readonly<Record<ClientAuth, Readonly<Record<Shown, "out" | "nobody" | "somebody">>>> = {
  "require-and-verify-client-cert": { nothing: "out", "one of ours": "somebody", "a stranger's": "out" },
  "verify-client-cert-if-given": { nothing: "nobody", "one of ours": "somebody", "a stranger's": "out" },
  "require-any-client-cert": { nothing: "out", "one of ours": "nobody", "a stranger's": "nobody" },
  "request-client-cert": { nothing: "nobody", "one of ours": "nobody", "a stranger's": "nobody" },
};

suite("client certificates", { skip: lacking("openssl") }, () => {
  let directory: string;
  let ca: string;
  let server: CertificateFiles;
  let tls: TlsConfig;
  let shown: Readonly<Record<Shown, ConnectionOptions>>;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const authority = await Authority.make(directory);
    const strangers = await Authority.make(directory, "strangers");
    ca = await authority.text();
    server = await authority.issue({ subject: "/CN=localhost", names: "IP:127.0.0.1" });
    const names = "DNS:build.example.com,DNS:b2,URI:spiffe://acme/build,email:ops@example.com,IP:10.0.0.1";
    const subject = "/C=DE/O=Acme, Inc./CN=build\\+1";
    tls = {
      ...server,
      clientCas: [authority.path],
      clientAuth: "require-and-verify-client-cert",
      minimumVersion: "TLSv1.2",
      cipherSuites: [],
    };
    shown = {
      nothing: {},
      "one of ours": await show(await authority.issue({ subject, names })),
      "a stranger's": await show(await strangers.issue({ subject, names })),
    };
  });
  after(() => removeTemporaryDirectory(directory));

  async function show({ certificate, key }: CertificateFiles): Promise<ConnectionOptions> {
    return { cert: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
  }

  /** What the server knows of the client; undefined: it is not let in. */
  async function factsOf(running: RunningServer, options: ConnectionOptions) {
    const socket = connectTls({ host: "127.0.0.1", port: running.port, ca, ...options });
    const raw = new RawConnection(socket);
    await raw.send(`GET ${FACTS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answer = await raw.rest();
    return answer === "" ? undefined : JSON.parse(answer.split("\r\n\r\n")[1] ?? "");
  }

  for (const [clientAuth, outcomes] of Object.entries(OUTCOMES) as [
    ClientAuth,
    (typeof OUTCOMES)[ClientAuth],
  ][])
    for (const [what, outcome] of Object.entries(outcomes) as [Shown, string][])
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
        test(`${clientAuth}: who shows ${what} over ${maxVersion} is ${outcome}`, async () => {
          await using running = await runServer({}, { tls: { ...tls, clientAuth } });
          const facts = await factsOf(running, { ...shown[what], maxVersion });
          assert.equal(facts === undefined ? "out" : facts.certificate ? "somebody" : "nobody", outcome);
        });

  test("without authorities nobody is asked for a certificate", async () => {
    await using running = await runServer({}, { tls: { ...tls, clientCas: [] } });
    const facts = await factsOf(running, shown["one of ours"]);
    assert.equal(facts.certificate, undefined);
    assert.equal(facts.scheme, "https");
  });

  test("a certificate tells its names, over HTTP/2 too", async () => {
    await using running = await runServer({}, { tls });
    const { expireTime, ...certificate } = (await factsOf(running, shown["one of ours"])).certificate;
    assert.ok(expireTime > Date.now());
    assert.deepEqual(certificate, {
      subject: "CN=build\\+1,O=Acme\\, Inc.,C=DE",
      commonName: "build+1",
      dnsNames: ["build.example.com", "b2"],
      emails: ["ops@example.com"],
      uris: ["spiffe://acme/build"],
    });
    const session = connectHttp2(running.url, { ca, ...shown["one of ours"] });
    const facts = JSON.parse(await text(session.request({ ":path": FACTS })));
    assert.deepEqual(facts.certificate, { ...certificate, expireTime });
    session.close();
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const)
    test(`a session of ${version} with a certificate is not resumed: it would outlive the trust in its authority`, async () => {
      await using running = await runServer({}, { tls });
      const options = {
        host: "127.0.0.1",
        port: running.port,
        ca,
        ...shown["one of ours"],
        maxVersion: version,
      };
      const sessions: Buffer[] = [];
      const first = connectTls(options).on("session", (session) => sessions.push(session));
      const raw = new RawConnection(first);
      await raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      await raw.rest();
      const kept = sessions.at(-1) ?? first.getSession();
      const second: TLSSocket = connectTls({ ...options, ...(kept && { session: kept }) });
      await once(second, "secureConnect");
      assert.equal(second.isSessionReused(), false);
      second.destroy();
    });
});
