// Clients that leave, each in its own way: what they held is free again, for the next
// one is let in although the port takes few connections.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { TlsConfig } from "../../src/config/config.ts";
import { type Server, startServer } from "../../src/server.ts";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { lacking } from "../support/required-tools.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const AT_MOST = 3;

suite("who leaves makes room", { skip: lacking("openssl") }, () => {
  let directory: string;
  let tls: TlsConfig;

  before(async () => {
    directory = await makeTemporaryDirectory();
    const authority = await Authority.make(directory);
    const files = await authority.issue({ subject: "/CN=localhost", names: "DNS:localhost" });
    const rest = { clientCas: [], clientAuth: "require-and-verify-client-cert", cipherSuites: [] } as const;
    tls = { ...files, ...rest, minimumVersion: "TLSv1.2" };
  });
  after(() => removeTemporaryDirectory(directory));

  /** Answers "/v2/endless" without an end. */
  async function open(secured: boolean): Promise<Server> {
    return startServer({
      host: "127.0.0.1",
      port: 0,
      ...(secured && { tls }),
      // Nothing here may be freed by a timeout.
      limits: { maxConnections: AT_MOST, headerTimeoutMs: 60_000, pingIntervalMs: 60_000 },
      gateway: {
        handles: () => true,
        listener(request, response) {
          response.writeHead(200);
          if (request.url !== "/v2/endless") return void response.end();
          const timer = setInterval(() => response.write("x".repeat(1000)), 5);
          response.on("close", () => clearInterval(timer));
        },
      },
      report: (error) => assert.fail(String(error)),
    });
  }

  async function leaveHttp2Stream(url: string): Promise<void> {
    const session = connectHttp2(url, { rejectUnauthorized: false });
    session.on("error", () => undefined);
    const stream = session.request({ ":path": "/v2/endless" });
    stream.on("error", () => undefined);
    await once(stream, "data");
    session.destroy();
  }

  async function refuseCertificate(port: number): Promise<void> {
    const socket = connectTls({ port, servername: "other" });
    await once(socket, "error");
    socket.destroy();
  }

  async function giveHandshakeUp(port: number): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.end(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    socket.resume();
    await once(socket, "close");
  }

  const LEAVERS: readonly (readonly [string, boolean, (port: number) => Promise<void>])[] = [
    ["in the middle of a stream over HTTP/2", false, (port) => leaveHttp2Stream(`http://127.0.0.1:${port}`)],
    [
      "in the middle of a stream over HTTP/2 and TLS",
      true,
      (port) => leaveHttp2Stream(`https://127.0.0.1:${port}`),
    ],
    ["because of the certificate", true, refuseCertificate],
    ["in the middle of the handshake", true, giveHandshakeUp],
  ];

  for (const [way, secured, leave] of LEAVERS) {
    test(way, async () => {
      const server = await open(secured);
      const { port } = server.address;
      for (let count = 0; count < 2 * AT_MOST; count += 1)
        await eventually("a place", () =>
          leave(port).then(
            () => true,
            () => undefined,
          ),
        );
      await server.close({ drainMs: 60_000 });
    });
  }
});
