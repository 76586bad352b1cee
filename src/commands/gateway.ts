// stowage gateway: only the porch, in front of a registry that runs elsewhere.
import { createGateway } from "../../gateway/gateway.ts";
import { UNREACHABLE_MESSAGE } from "../../gateway/refuse.ts";
import type { Override } from "../config/environment.ts";
import { createObservation } from "../observation.ts";
import { addHealth, ProcessHealth } from "../rpc/health.ts";
import { clientOf } from "../server/caller.ts";
import { requestIdOf } from "../server/request-id.ts";
import { Scopes } from "../telemetry/scope.ts";
import { clientHeaders } from "./client-headers.ts";
import { gatewayLimits } from "./gateway-limits.ts";
import { Upstream } from "./gateway-upstream.ts";
import { locationBase } from "./location-base.ts";
import { readConfig, startLog } from "./read-config.ts";
import { CREDENTIAL_VARIABLES } from "./remote-credentials.ts";
import { runServer } from "./run-server.ts";
import { parseServerUrl } from "./server-url.ts";
import { sparingLogger } from "./sparing-logger.ts";
import { openOwnAuthorization, type UpstreamFiles, upstreamAgent } from "./upstream-credentials.ts";
import { stowageVersion } from "./version.ts";
import type { World } from "./world.ts";

/** How often it is logged that the registry cannot be reached, in milliseconds. */
const UNREACHABLE_EVERY_MS = 10_000;

export interface GatewayCommandOptions extends UpstreamFiles {
  readonly upstream: string;
  readonly addr?: string;
  readonly config?: string;
}

/** Runs the gateway until it is told to stop. */
export async function serveGateway(world: World, options: GatewayCommandOptions): Promise<void> {
  const url = parseServerUrl(options.upstream);
  const overrides = [...addressOption(options), ...authOption(world, options)];
  const loaded = readConfig(world, options.config, overrides);
  const { config } = loaded;
  const logger = startLog(world, loaded);
  const agent = upstreamAgent(url, options);
  const own = await openOwnAuthorization(options, { world, logger });
  const authorization = own.read;
  const hasCredentials = authorization() !== undefined || options.cert !== undefined;
  const upstream = new Upstream({ url, agent, authorization, hasCredentials, logger, now: world.now });
  const headersOf = { factsOf: clientOf, authorization };
  const observation = createObservation({ scopes: new Scopes(), requestSinks: [], callSinks: [] });
  const health = new ProcessHealth([]);
  try {
    await runServer(world, {
      config,
      logger,
      gateway: createGateway({
        transport: upstream.transport,
        callOptions: (request) => ({ headers: clientHeaders(request, headersOf) }),
        base: locationBase(config),
        limits: gatewayLimits(config),
        observer: observation.requests,
        requestId: requestIdOf,
        logger: sparingLogger(logger, {
          message: UNREACHABLE_MESSAGE,
          everyMs: UNREACHABLE_EVERY_MS,
          now: world.now,
        }),
      }),
      observer: observation.requests,
      routes: (router, shutdownSignal) => addHealth(router, health, { shutdownSignal }),
      onListening: () => void upstream.check(),
      onDrain: () => health.setServing(false),
      announce: (server) => [
        `Stowage ${stowageVersion()} gateway listens on ${server.url}`,
        `Upstream: ${url}`,
      ],
    });
  } finally {
    own.close();
    agent.destroy();
  }
}

/** A gateway that proves who it is leaves it to the registry to ask its clients: of the auth section it needs nothing. */
function authOption({ environment }: World, { tokenFile, cert }: GatewayCommandOptions): readonly Override[] {
  const { token, tokenFile: fileVariable } = CREDENTIAL_VARIABLES;
  const proof = tokenFile ?? cert ?? (environment[token] || environment[fileVariable] || undefined);
  return proof === undefined ? [] : [{ name: "its credentials", path: ["auth"], value: "none" }];
}

function addressOption({ addr }: GatewayCommandOptions): readonly Override[] {
  return addr === undefined ? [] : [{ name: "--addr", path: ["http", "addr"], value: addr }];
}
