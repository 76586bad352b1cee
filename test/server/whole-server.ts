// A whole registry in this process behind the real listener: the Docker API and
// the RPCs on one port, as `serve` puts them together.
import assert from "node:assert/strict";
import { createGateway, handles } from "../../gateway/gateway.ts";
import { gatewayLimits } from "../../src/commands/gateway-limits.ts";
import { locationBase } from "../../src/commands/location-base.ts";
import type { Observation } from "../../src/observation.ts";
import type { Registry } from "../../src/registry.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { requestValues } from "../../src/rpc/visit.ts";
import { clientOf } from "../../src/server/caller.ts";
import { requestIdOf } from "../../src/server/request-id.ts";
import { type Server, startServer } from "../../src/server.ts";
import { openTestRegistry, type TestRegistryOptions, testConfig } from "../support/test-registry.ts";

export interface WholeServerOptions extends TestRegistryOptions {
  /** Whose pages may call. Absent: none. */
  readonly corsOrigins?: readonly string[];
  /** Where it listens. Absent: at 127.0.0.1, where it is called in any case. */
  readonly listenHost?: string;
  /** Who watches requests and calls. Absent: nobody. */
  readonly observation?: Observation;
}

export interface WholeServer extends AsyncDisposable {
  readonly server: Server;
  readonly registry: Registry;
  /** "127.0.0.1:port" */
  readonly host: string;
  readonly url: string;
}

/** Disposing cuts what is left, and fails when the server or the registry had something to report. */
export async function openWholeServer({
  corsOrigins = [],
  listenHost = "127.0.0.1",
  observation,
  ...options
}: WholeServerOptions = {}): Promise<WholeServer> {
  const failures: unknown[] = [];
  const lines: string[] = [];
  const config = testConfig(options);
  const { publicUrl, prefix, trustedProxies, proxyProtocol, ...limits } = config.http;
  const registry = await openTestRegistry({ ...options, callObserver: observation?.calls }, lines);
  const listener = createGateway({
    transport: createDirectTransport(registry.routes),
    contextValues: (request) => requestValues(clientOf(request)),
    base: locationBase(config),
    limits: gatewayLimits(config),
    logger: { error: (fields) => void failures.push(fields) },
    observer: observation?.requests,
    requestId: requestIdOf,
  });
  const server = await startServer({
    host: listenHost,
    port: 0,
    publicUrl,
    prefix,
    trustedProxies,
    proxyProtocol,
    limits,
    corsOrigins,
    observer: observation?.requests,
    gateway: { handles, listener },
    routes: registry.routes,
    report: (error) => failures.push(error),
  });
  const host = `127.0.0.1:${server.address.port}`;
  return {
    server,
    registry,
    host,
    url: `http://${host}`,
    async [Symbol.asyncDispose]() {
      await server.close({ drainMs: 0 });
      await registry.close();
      assert.deepEqual([...failures, ...lines], []);
    },
  };
}
