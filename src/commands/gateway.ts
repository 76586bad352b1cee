// stowage gateway: only the porch, in front of a registry that runs elsewhere.

import { v7 } from "uuid";
import { createGateway } from "../../gateway/gateway.ts";
import { UNREACHABLE_MESSAGE } from "../../gateway/refuse.ts";
import { readBuildInfo } from "../build-info.ts";
import type { Override } from "../config/environment.ts";
import type { LoadedConfig } from "../config/load.ts";
import { upstreamCheck } from "../instruments/upstream-check.ts";
import { traceCalls, untracedHeaders } from "../instruments/upstream-spans.ts";
import { beginMeasuring } from "../measuring.ts";
import { observationFor } from "../observation.ts";
import { addHealth, ProcessHealth } from "../rpc/health.ts";
import { clientOf } from "../server/caller.ts";
import { requestIdOf } from "../server/request-id.ts";
import type { Log } from "../telemetry/log.ts";
import { Scopes } from "../telemetry/scope.ts";
import { openTracing } from "../tracing.ts";
import { clientHeaders } from "./client-headers.ts";
import { gatewayLimits } from "./gateway-limits.ts";
import { Upstream } from "./gateway-upstream.ts";
import { locationBase } from "./location-base.ts";
import { beginChecks, openDebugging } from "./open-debugging.ts";
import { readConfig } from "./read-config.ts";
import { CREDENTIAL_VARIABLES } from "./remote-credentials.ts";
import { runServer } from "./run-server.ts";
import { parseServerUrl } from "./server-url.ts";
import { sparingLogger } from "./sparing-logger.ts";
import { openOwnAuthorization, type UpstreamFiles, upstreamAgent } from "./upstream-credentials.ts";
import { stowageVersion } from "./version.ts";
import { type LogOrigin, withLog } from "./with-log.ts";
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
  const origin = { instanceId: v7(), scopes: new Scopes() };
  await withLog(world, loaded, origin, (log) => run(world, { options, url, loaded, ...origin, log }));
}

interface GatewayRun extends LogOrigin {
  readonly options: GatewayCommandOptions;
  /** Of the registry. */
  readonly url: string;
  readonly loaded: LoadedConfig;
  readonly log: Log;
}

async function run(
  world: World,
  { options, url, loaded, instanceId, scopes, log }: GatewayRun,
): Promise<void> {
  const { config } = loaded;
  const { logger } = log;
  const agent = upstreamAgent(url, options);
  const own = await openOwnAuthorization(options, { world, logger });
  const authorization = own.read;
  const hasCredentials = authorization() !== undefined || options.cert !== undefined;
  const version = stowageVersion();
  await using tracing = await openTracing(config.tracing, { version, instanceId, logger });
  const upstream = new Upstream({
    url,
    agent,
    authorization,
    hasCredentials,
    logger,
    now: world.now,
    interceptors: tracing === undefined ? [] : [traceCalls(scopes)],
  });
  const headersOf = { factsOf: clientOf, authorization };
  const { commit } = readBuildInfo();
  const measuring = beginMeasuring(config, { build: { version, commit, node: world.nodeVersion }, log });
  const observation = observationFor(config, {
    scopes,
    log,
    instruments: measuring?.instruments,
    tracer: tracing?.requests,
  });
  const health = new ProcessHealth([]);
  health.setServing(false);
  await using debugging = await openDebugging({
    loaded,
    instanceId,
    logger,
    now: world.now,
    changed: (isReady) => health.setServing(isReady),
    metrics: measuring?.metrics,
  });
  measuring?.instruments.watchHealth(debugging.health);
  try {
    await beginChecks(debugging.health, loaded, [upstreamCheck(upstream.ownTransport)]);
    await runServer(world, {
      config,
      logger,
      gateway: createGateway({
        transport: upstream.transport,
        callOptions: (request) => ({
          headers: {
            ...clientHeaders(request, headersOf),
            ...(tracing !== undefined && untracedHeaders(request, scopes)),
          },
        }),
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
      connectionObserver: measuring?.instruments.connections,
      routes: (router, shutdownSignal) => addHealth(router, health, { shutdownSignal }),
      onListening: () => {
        void upstream.check();
        debugging.health.listening();
      },
      onStopping: () => debugging.health.draining(),
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
