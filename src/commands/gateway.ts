// stowage gateway: only the porch, in front of a registry that runs elsewhere.
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createGateway } from "../../gateway/gateway.ts";
import type { Override } from "../config/environment.ts";
import { addHealth, ProcessHealth } from "../rpc/health.ts";
import { MAX_RESPONSE_MESSAGE } from "../server/limits.ts";
import { gatewayLimits } from "./gateway-limits.ts";
import { readConfig, startLog } from "./read-config.ts";
import { runServer } from "./run-server.ts";
import { parseServerUrl } from "./server-url.ts";
import { stowageVersion } from "./version.ts";
import type { World } from "./world.ts";

export interface GatewayCommandOptions {
  readonly upstream: string;
  readonly addr?: string;
  readonly config?: string;
}

/** Runs the gateway until it is told to stop. */
export async function serveGateway(world: World, options: GatewayCommandOptions): Promise<void> {
  const upstream = parseServerUrl(options.upstream);
  const loaded = readConfig(world, options.config, addressOption(options));
  const { config } = loaded;
  const logger = startLog(world, loaded);
  const agent = createAgent(upstream);
  const health = new ProcessHealth([]);
  try {
    await runServer(world, {
      config,
      logger,
      gateway: createGateway({
        transport: upstreamTransport(upstream, agent),
        limits: gatewayLimits(config),
        logger,
      }),
      routes: (router, shutdownSignal) => addHealth(router, health, { shutdownSignal }),
      onDrain: () => health.setServing(false),
      announce: ({ url }) => [
        `Stowage ${stowageVersion()} gateway listens on ${url}`,
        `Upstream: ${upstream}`,
      ],
    });
  } finally {
    agent.destroy();
  }
}

function addressOption({ addr }: GatewayCommandOptions): readonly Override[] {
  return addr === undefined ? [] : [{ name: "--addr", path: ["http", "addr"], value: addr }];
}

/** Bulk bytes travel twice as fast over HTTP/1.1 as over HTTP/2, one connection for each call that runs. */
function upstreamTransport(baseUrl: string, agent: HttpAgent): Transport {
  return createConnectTransport({
    baseUrl,
    httpVersion: "1.1",
    nodeOptions: { agent },
    acceptCompression: [],
    readMaxBytes: MAX_RESPONSE_MESSAGE,
  });
}

/** Keeps as many connections as were needed at once; the upstream's idle timeout closes them. */
function createAgent(upstream: string): HttpAgent {
  const options = { keepAlive: true, maxFreeSockets: 1024, scheduling: "lifo" } as const;
  return upstream.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
}
