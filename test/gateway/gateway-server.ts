// A whole registry behind a gateway on a port of its own: in one process, or
// with the gateway in front of a registry that is reached over HTTP/1.1.
import { Agent } from "node:http";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { GatewayLimits } from "../../gateway/exchange.ts";
import { createGateway, handles } from "../../gateway/gateway.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import type { Registry } from "../../src/registry.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { type Server, startServer } from "../../src/server.ts";
import { openTestRegistry, type TestRegistryOptions } from "../support/test-registry.ts";

/** Where the registry is, seen from the gateway. */
export type GatewayMode = "direct" | "remote";

export const GATEWAY_MODES: readonly GatewayMode[] = ["direct", "remote"];

export interface GatewayServerOptions extends TestRegistryOptions {
  readonly mode: GatewayMode;
  readonly limits?: Partial<GatewayLimits>;
}

/** What a gateway of its own needs. */
type Upstream = Awaited<ReturnType<typeof remote>>;

export interface GatewayServer {
  readonly port: number;
  /** "127.0.0.1:port" */
  readonly host: string;
  /** What the gateway logged, one message each. */
  readonly logged: readonly object[];
  /** How many upload sessions of the repository are open. */
  openUploads(repository: string): Promise<number>;
  /** Opens another gateway to the same registry; resolves to its port. */
  openPort(limits: Partial<GatewayLimits>): Promise<number>;
  close(): Promise<void>;
}

export async function openGatewayServer(options: GatewayServerOptions): Promise<GatewayServer> {
  const registry = await openTestRegistry(options);
  const upstream = options.mode === "direct" ? direct(registry) : await remote(registry);
  const logged: object[] = [];
  const servers: Server[] = [];
  const openPort = async (limits: Partial<GatewayLimits> = {}) => {
    const server = await serveGateway(upstream, limits, logged);
    servers.push(server);
    return server.address.port;
  };
  const port = await openPort(options.limits);
  return {
    port,
    host: `127.0.0.1:${port}`,
    logged,
    openPort,
    async openUploads(repository) {
      const { uploads } = await createClient(UploadService, upstream.transport).listUploads({ repository });
      return uploads.length;
    },
    async close() {
      for (const server of servers) await server.close({ drainMs: 0 });
      await upstream.close();
      await registry.close();
    },
  };
}

function serveGateway(
  { transport }: Upstream,
  limits: Partial<GatewayLimits>,
  logged: object[],
): Promise<Server> {
  const logger = { error: (fields: object) => void logged.push(fields) };
  const listener = createGateway({ transport, logger, limits });
  return startServer({ ...LOCAL, gateway: { handles, listener } });
}

const LOCAL = { host: "127.0.0.1", port: 0, report: () => undefined } as const;

function direct(registry: Registry) {
  return { transport: createDirectTransport(registry.routes), close: async () => undefined };
}

async function remote(registry: Registry) {
  const server = await startServer({ ...LOCAL, routes: registry.routes });
  const agent = new Agent({ keepAlive: true });
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${server.address.port}`,
    httpVersion: "1.1",
    nodeOptions: { agent },
    acceptCompression: [],
  });
  const close = async () => {
    agent.destroy();
    await server.close({ drainMs: 0 });
  };
  return { transport, close };
}
