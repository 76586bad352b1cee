// TLS on the port: every protocol through it, plaintext refused, files that change,
// and files that cannot be used.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { connect as connectHttp2, constants } from "node:http2";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials } from "@grpc/grpc-js";
import type { TlsConfig } from "../../src/config/config.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { Authority, type CertificateFiles } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { run, tryRun } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { assertRawError, HELD, RawConnection, type RunningServer, runServer } from "./running-server.ts";

const LONG_MS = 60_000;
const GET = "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n";

suite("a port with a certificate", { skip: lacking("openssl") }, () => {
  let directory: string;
  let ca: string;
  let authority: Authority;
  let files: CertificateFiles;

  before(async () => {
    directory = await makeTemporaryDirectory();
    authority = await Authority.make(directory);
    ca = await authority.text();
    files = await authority.issue({ subject: "/CN=localhost", names: "DNS:localhost,IP:127.0.0.1" });
  });
  after(() => removeTemporaryDirectory(directory));

  function config(changes: Partial<TlsConfig> = {}): TlsConfig {
    return {
      ...files,
      clientCas: [],
      clientAuth: "require-and-verify-client-cert",
      minimumVersion: "TLSv1.2",
      cipherSuites: [],
      ...changes,
    };
  }

  async function handshake(running: RunningServer, options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connectTls({ host: "127.0.0.1", port: running.port, ca, ...options });
    await once(socket, "secureConnect");
    return socket;
  }

  test("is spoken to by https", async () => {
    await using running = await runServer({}, { tls: config() });
    const request = httpsRequest(`${running.url}/v2/`, { ca, method: "PUT", agent: false });
    request.end("abc");
    const [response] = await once(request, "response");
    assert.deepEqual(JSON.parse(await text(response)), { length: 3, version: "1.1" });
  });

  test("is spoken to by HTTP/2 and carries 10 MiB", async () => {
    await using running = await runServer({}, { tls: config() });
    const session = connectHttp2(running.url, { ca });
    const stream = session.request({ ":method": "PUT", ":path": "/v2/" });
    stream.end(Buffer.alloc(10 * 1024 * 1024));
    assert.deepEqual(JSON.parse(await text(stream)), { length: 10 * 1024 * 1024, version: "2.0" });
    session.close();
  });

  for (const flag of ["--http1.1", "--http2"]) {
    test(`is spoken to by curl ${flag}`, { skip: lacking("curl") }, async () => {
      await using running = await runServer({}, { tls: config() });
      const url = `${running.url}/v2/`;
      const { stdout } = await run(["curl", "--silent", "--fail", "--cacert", authority.path, flag, url]);
      assert.equal(JSON.parse(stdout).version, flag === "--http2" ? "2.0" : "1.1");
    });
  }

  test("is spoken to by both protocols without ALPN", async () => {
    await using running = await runServer({}, { tls: config() });
    const raw = new RawConnection(await handshake(running));
    await raw.send(GET);
    await raw.until('"version":"1.1"');
    raw.socket.destroy();
    const socket = await handshake(running);
    const session = connectHttp2(running.url, { createConnection: () => socket });
    assert.equal(JSON.parse(await text(session.request({ ":path": "/v2/" }))).version, "2.0");
    session.close();
  });

  test("serves gRPC and Connect over TLS, and its streams end with unavailable when it stops", async () => {
    await using running = await runServer({}, { tls: config() });
    const options = { baseUrl: running.url, nodeOptions: { ca } };
    const transports = [
      createGrpcTransport(options),
      createConnectTransport({ ...options, httpVersion: "1.1" }),
      createConnectTransport({ ...options, httpVersion: "2" }),
    ];
    const streams = transports.map((transport) => createClient(EventService, transport).subscribe({}));
    const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
    await Promise.all(iterators.map((messages) => messages.next()));
    const ends = iterators.map((messages) => messages.next().catch((reason: unknown) => reason));
    await running.server.close({ drainMs: LONG_MS });
    for (const error of await Promise.all(ends)) {
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, Code.Unavailable);
    }
  });

  test("serves grpc-js", async () => {
    await using running = await runServer({}, { tls: config() });
    const client = new Client(`localhost:${running.port}`, credentials.createSsl(Buffer.from(ca)));
    const stream = client.makeServerStreamRequest(
      `/${EventService.typeName}/Subscribe`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.alloc(0),
    );
    stream.on("error", () => undefined);
    const [message] = await once(stream, "data");
    assert.ok(message.length > 0);
    stream.cancel();
    client.close();
  });

  test("serves buf curl", { skip: lacking("buf") }, async () => {
    await using running = await runServer({}, { tls: config() });
    const url = `https://localhost:${running.port}/${EventService.typeName}/ListEvents`;
    const call = ["buf", "curl", "--protocol", "grpc", "--cacert", authority.path, "--schema", "proto", url];
    const { stderr } = await tryRun(call, { env: { ...process.env } });
    assert.match(stderr, /"code": "unimplemented"/, "the test's server has no such method");
  });

  test("refuses plaintext with 400 and closes", async () => {
    await using running = await runServer({}, { tls: config() });
    const raw = new RawConnection(running.port);
    await raw.send(GET);
    const answer = await raw.rest();
    assertRawError(answer, 400, "REQUEST_INVALID");
    assert.match(answer, /this port speaks TLS: use https/);
  });

  test("refuses plaintext HTTP/2 with GOAWAY and closes", async () => {
    await using running = await runServer({}, { tls: config() });
    const session = connectHttp2(`http://127.0.0.1:${running.port}`);
    session.on("error", () => undefined);
    const codes: number[] = [];
    session.on("goaway", (code) => codes.push(code));
    await new Promise((resolve) => session.once("close", resolve));
    assert.deepEqual(codes, [constants.NGHTTP2_INADEQUATE_SECURITY]);
  });

  test("closes an idle connection at once when it stops, and lets a slow upload finish", async () => {
    await using running = await runServer({}, { tls: config() });
    const idle = new RawConnection(await handshake(running));
    await idle.send(GET);
    await idle.until("length");
    const busy = new RawConnection(await handshake(running));
    await busy.send(GET.replace("/v2/", HELD));
    await busy.until("held");
    const halfway = new RawConnection(running.port);
    await halfway.send(Buffer.from([0x16, 3, 1]));
    const closed = running.server.close({ drainMs: LONG_MS });
    await idle.rest();
    await halfway.rest();
    running.release();
    assert.match(await busy.rest(), /held released/);
    await closed;
  });

  test("cuts off what still runs at the deadline", async () => {
    await using running = await runServer({}, { tls: config() });
    const busy = new RawConnection(await handshake(running));
    await busy.send(GET.replace("/v2/", HELD));
    await busy.until("held");
    const session = connectHttp2(running.url, { ca });
    session.on("error", () => undefined);
    const stream = session.request({ ":path": HELD });
    stream.on("error", () => undefined);
    await once(stream, "response");
    await running.server.close({ drainMs: 50 });
    await busy.rest();
  });

  test("closes connections beyond its limit", async () => {
    await using running = await runServer({ maxConnections: 1 }, { tls: config() });
    const first = await handshake(running);
    assert.equal(await new RawConnection(running.port).rest(), "");
    first.destroy();
    await eventually("a free place", () =>
      handshake(running).then(
        (socket) => socket.destroy(),
        () => undefined,
      ),
    );
  });

  test("refuses versions that are too old", async () => {
    await using running = await runServer({}, { tls: config({ minimumVersion: "TLSv1.3" }) });
    await assert.rejects(handshake(running, { maxVersion: "TLSv1.2" }), /protocol version/);
    assert.equal((await handshake(running)).getProtocol(), "TLSv1.3");
  });

  test("offers only the suites of TLS 1.2 that are named, and TLS 1.3 still", async () => {
    const cipherSuites = ["ECDHE-ECDSA-AES128-GCM-SHA256"];
    await using running = await runServer({}, { tls: config({ cipherSuites }) });
    const old = await handshake(running, { maxVersion: "TLSv1.2" });
    assert.equal(old.getCipher().name, cipherSuites[0]);
    const other = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" } as const;
    await assert.rejects(handshake(running, other), /handshake failure/);
    assert.equal((await handshake(running)).getProtocol(), "TLSv1.3");
  });

  test("takes changed files without dropping connections, and keeps the old pair while they do not match", async () => {
    const place = { certificate: join(directory, "live.pem"), key: join(directory, "live-key.pem") };
    await copyFile(files.certificate, place.certificate);
    await copyFile(files.key, place.key);
    await using running = await runServer({ certificateCheckMs: 10 }, { tls: config(place) });
    const session = connectHttp2(running.url, { ca });
    await text(session.request({ ":path": "/v2/" }));
    const next = await authority.issue({ subject: "/CN=next", names: "IP:127.0.0.1" });
    await copyFile(next.certificate, place.certificate);
    await eventually("a report", async () => (running.reports.length > 0 ? true : undefined));
    assert.match(
      String(running.reports[0]),
      /the key in ".*live-key.pem" does not belong to the certificate/,
    );
    assert.equal((await handshake(running)).getPeerCertificate().subject.CN, "localhost");
    await copyFile(next.key, place.key);
    await eventually("the next certificate", async () => {
      const socket = await handshake(running);
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      return name === "next" ? true : undefined;
    });
    assert.equal(JSON.parse(await text(session.request({ ":path": "/v2/" }))).length, 0);
    assert.equal(running.reports.length, 1);
    session.close();
  });

  /** What is wrong with the files, and what the server says before it refuses to start. */
  const UNUSABLE: Readonly<Record<string, readonly [() => Promise<Partial<TlsConfig>>, RegExp]>> = {
    "a certificate that is not there": [
      async () => ({ certificate: join(directory, "none.pem") }),
      /http\.tls\.certificate: cannot read ".*none\.pem": there is no such file/,
    ],
    "a key that is not there": [
      async () => ({ key: join(directory, "none.pem") }),
      /http\.tls\.key: cannot read ".*none\.pem": there is no such file/,
    ],
    "a certificate that is none": [
      async () => ({ certificate: files.key }),
      /http\.tls\.certificate: ".*-key\.pem" holds no certificate in PEM form/,
    ],
    "a certificate that is broken": [
      async () => {
        const certificate = join(directory, "broken.pem");
        await writeFile(certificate, (await readFile(files.certificate, "utf8")).replace(/\nMII/, "\nAAA"));
        return { certificate };
      },
      /http\.tls\.certificate: a certificate in ".*broken\.pem" is broken/,
    ],
    "a key that is none": [
      async () => ({ key: files.certificate }),
      /http\.tls\.key: ".*-cert\.pem" holds no private key in PEM form/,
    ],
    "somebody else's key": [
      async () => ({ key: (await authority.issue({ subject: "/CN=other" })).key }),
      /the key in ".*" does not belong to the certificate in ".*"/,
    ],
    "authorities that are none": [
      async () => ({ clientCas: [files.key] }),
      /http\.tls\.clientcas: ".*" holds no certificate in PEM form/,
    ],
    "suites that are none": [async () => ({ cipherSuites: ["NONE"] }), /http\.tls: .*cipher/],
  };

  for (const [name, [changes, message]] of Object.entries(UNUSABLE)) {
    test(`does not open with ${name}`, async () => {
      await assert.rejects(runServer({}, { tls: config(await changes()) }), message);
    });
  }

  test("opens with an expired certificate, and reports it", async () => {
    const expired = await authority.issue({ subject: "/CN=localhost", names: "IP:127.0.0.1", days: -1 });
    await using running = await runServer({}, { tls: config(expired) });
    assert.match(String(running.reports[0]), /expired/);
    const socket = await handshake(running, { rejectUnauthorized: false });
    socket.destroy();
  });
});
