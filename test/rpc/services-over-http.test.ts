// The services over the real server: the same suite as in process, over every
// protocol a client may choose.
import assert from "node:assert/strict";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { startServer } from "../../src/server.ts";
import { servicesContract } from "../contract/services-contract.ts";
import { openTestRegistry } from "../support/test-registry.ts";

const KEEPALIVE_MS = 50;

function overHttp(name: string, connect: (baseUrl: string) => Transport): void {
  servicesContract({
    name,
    async open(settings = {}) {
      const failures: unknown[] = [];
      const registry = await openTestRegistry({ keepaliveMs: KEEPALIVE_MS, settings });
      const server = await startServer({
        host: "127.0.0.1",
        port: 0,
        routes: registry.routes,
        report: (error) => void failures.push(error),
      });
      return {
        transport: connect(`http://127.0.0.1:${server.address.port}`),
        async close() {
          await server.close({ drainMs: 0 });
          await registry.close();
          assert.deepEqual(failures, [], "nothing was reported as our own fault");
        },
      };
    },
  });
}

overHttp("Connect, HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }));
overHttp("Connect, HTTP/2, JSON", (baseUrl) =>
  createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
);
overHttp("gRPC, HTTP/2", (baseUrl) => createGrpcTransport({ baseUrl }));
overHttp("gRPC-Web, HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }));
