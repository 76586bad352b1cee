// A whole registry behind a gateway on a port of its own: in one process, or
// with the gateway in front of a registry that is reached over HTTP/1.1.
import { Agent } from "node:http";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { GatewayLimits } from "../../gateway/exchange.ts";
import { createGateway, handles } from "../../gateway/gateway.ts";
import type { Registry } from "../../src/registry.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { startServer } from "../../src/server.ts";
import { openTestRegistry, type TestRegistryOptions } from "../support/test-registry.ts";

/** Where the registry is, seen from the gateway. */
export type GatewayMode = "direct" | "remote";

export const GATEWAY_MODES: readonly GatewayMode[] = ["direct", "remote"];

export interface GatewayServerOptions extends TestRegistryOptions {
  readonly mode: GatewayMode;
  readonly limits?: Partial<GatewayLimits>;
}

export interface GatewayServer {
  readonly port: number;
  /** "127.0.0.1:port" */
  readonly host: string;
  /** What the gateway logged, one message each. */
  readonly logged: readonly object[];
  close(): Promise<void>;
}

export async function openGatewayServer(options: GatewayServerOptions): Promise<GatewayServer> {
  const registry = await openTestRegistry(options);
  const upstream = options.mode === "direct" ? direct(registry) : await remote(registry);
  const logged: object[] = [];
  const logger = { error: (fields: object) => void logged.push(fields) };
  const { limits } = options;
  const listener = createGateway({ transport: upstream.transport, logger, ...(limits && { limits }) });
  const server = await startServer({ ...LOCAL, gateway: { handles, listener } });
  return {
    port: server.address.port,
    host: `127.0.0.1:${server.address.port}`,
    logged,
    async close() {
      await server.close({ drainMs: 0 });
      await upstream.close();
      await registry.close();
    },
  };
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
