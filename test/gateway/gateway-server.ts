// A whole registry behind a gateway on a port of its own: in one process, or
// with the gateway in front of a registry that is reached over HTTP/1.1.
import { Agent } from "node:http";
import { type ConnectRouter, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { GatewayLimits } from "../../gateway/exchange.ts";
import { createGateway, type GatewayOptions, handles } from "../../gateway/gateway.ts";
import { UploadService } from "../../src/gen/stowage/v1/upload_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { type Server, startServer } from "../../src/server.ts";
import { openTestRegistry, type TestRegistryOptions } from "../support/test-registry.ts";

/** Where the registry is, seen from the gateway. */
export type GatewayMode = "direct" | "remote";

export const GATEWAY_MODES: readonly GatewayMode[] = ["direct", "remote"];

export interface GatewayServerOptions extends TestRegistryOptions, FrontOptions {
  readonly mode: GatewayMode;
  /** Absent: a registry of its own, as the other options say. */
  readonly registry?: BehindGateway;
}

type FrontOptions = Pick<GatewayOptions, "base"> & { readonly limits?: Partial<GatewayLimits> };

/** What a gateway is put in front of. */
export interface BehindGateway {
  readonly routes: (router: ConnectRouter) => void;
  close(): Promise<void>;
}

export interface GatewayServer {
  readonly port: number;
  /** "127.0.0.1:port" */
  readonly host: string;
  /** The methods that were called without what tells on whose behalf. */
  readonly anonymousCalls: readonly string[];
  /** What the gateway logged, one message each. */
  readonly logged: readonly object[];
  /** How many upload sessions of the repository are open. */
  openUploads(repository: string): Promise<number>;
  /** Opens another gateway to the same registry; resolves to its port. */
  openPort(limits: Partial<GatewayLimits>): Promise<number>;
  close(): Promise<void>;
}

export async function openGatewayServer(options: GatewayServerOptions): Promise<GatewayServer> {
  const registry = options.registry ?? (await openTestRegistry(options));
  const upstream = options.mode === "direct" ? direct(registry) : await remote(registry);
  const logged: object[] = [];
  const anonymousCalls: string[] = [];
  const transport = watchedTransport(upstream.transport, anonymousCalls);
  const servers: Server[] = [];
  const openPort = async (limits = options.limits ?? {}) => {
    const server = await serveGateway({ ...options, transport, limits }, logged);
    servers.push(server);
    return server.address.port;
  };
  const port = await openPort();
  return {
    port,
    host: `127.0.0.1:${port}`,
    logged,
    anonymousCalls,
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
  { transport, limits = {}, base }: FrontOptions & { readonly transport: Transport },
  logged: object[],
): Promise<Server> {
  const logger = { error: (fields: object) => void logged.push(fields) };
  const listener = createGateway({
    transport,
    logger,
    limits,
    ...(base !== undefined && { base }),
    callOptions: ({ headers: { authorization } }) => ({
      headers: { ...MARK, ...(authorization !== undefined && { authorization }) },
    }),
  });
  return startServer({ ...LOCAL, gateway: { handles, listener } });
}

const LOCAL = { host: "127.0.0.1", port: 0, report: () => undefined } as const;

/** Goes with every call that is made on behalf of a request. */
const MARK = { "test-on-behalf": "a request" };

function watchedTransport(transport: Transport, anonymousCalls: string[]): Transport {
  const look = (method: { readonly name: string }, header: ConstructorParameters<typeof Headers>[0]) => {
    if (!new Headers(header).has("test-on-behalf")) anonymousCalls.push(method.name);
  };
  return {
    unary(method, signal, timeoutMs, header, input, contextValues) {
      look(method, header);
      return transport.unary(method, signal, timeoutMs, header, input, contextValues);
    },
    stream(method, signal, timeoutMs, header, input, contextValues) {
      look(method, header);
      return transport.stream(method, signal, timeoutMs, header, input, contextValues);
    },
  };
}

function direct(registry: BehindGateway) {
  return { transport: createDirectTransport(registry.routes), close: async () => undefined };
}

async function remote(registry: BehindGateway) {
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
