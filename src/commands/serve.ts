// stowage serve: a whole registry, all rooms together.
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { v7 } from "uuid";
import { createGateway } from "../../gateway/gateway.ts";
import { readBuildInfo } from "../build-info.ts";
import type { Config } from "../config/config.ts";
import type { LoadedConfig } from "../config/load.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { beginMeasuring } from "../measuring.ts";
import { observationFor } from "../observation.ts";
import { createRegistry, type Registry } from "../registry.ts";
import { createDirectTransport } from "../rpc/direct-transport.ts";
import { addHealth, ProcessHealth } from "../rpc/health.ts";
import { addReflection } from "../rpc/reflection.ts";
import { STOWAGE_SERVICES } from "../rpc/routes.ts";
import { requestValues } from "../rpc/visit.ts";
import { clientOf } from "../server/caller.ts";
import { requestIdOf } from "../server/request-id.ts";
import type { Routes } from "../server/rpc-handler.ts";
import { dataFolder } from "../stores.ts";
import type { Log } from "../telemetry/log.ts";
import type { Logger } from "../telemetry/logger.ts";
import { Scopes } from "../telemetry/scope.ts";
import { openTracing } from "../tracing.ts";
import { followPolicy } from "./follow-policy.ts";
import { gatewayLimits } from "./gateway-limits.ts";
import { locationBase } from "./location-base.ts";
import { beginChecks, openDebugging, withPolicyOf } from "./open-debugging.ts";
import { readConfig } from "./read-config.ts";
import { runServer } from "./run-server.ts";
import { stowageVersion } from "./version.ts";
import { type LogOrigin, withLog } from "./with-log.ts";
import type { World } from "./world.ts";

/** Runs the registry until it is told to stop. */
export async function serve(world: World, path: string | undefined): Promise<void> {
  const loaded = readConfig(world, path);
  const origin = { instanceId: v7(), scopes: new Scopes() };
  await withLog(world, loaded, origin, (log) => run(world, loaded, { ...origin, log }));
}

async function run(
  world: World,
  loaded: LoadedConfig,
  { instanceId, scopes, log }: LogOrigin & { readonly log: Log },
): Promise<void> {
  const { config } = loaded;
  const { logger } = log;
  warnOfOtherData(config, logger);
  const { address } = config.http;
  const place = "path" in address ? hostname() : `${hostname()}:${address.port}`;
  const source = { address: place, instanceId };
  const version = stowageVersion();
  await using tracing = await openTracing(config.tracing, { version, instanceId, logger });
  const { commit } = readBuildInfo();
  const measuring = beginMeasuring(config, { build: { version, commit, node: world.nodeVersion }, log });
  const observation = observationFor(config, {
    scopes,
    log,
    instruments: measuring?.instruments,
    tracer: tracing?.requests,
  });
  const health = new ProcessHealth(STOWAGE_SERVICES);
  health.setServing(false);
  let { effective } = loaded;
  // Closed behind the registry: while that drains, health still answers.
  await using debugging = await openDebugging({
    loaded,
    effective: () => effective,
    instanceId: source.instanceId,
    logger,
    now: Date.now,
    changed: (isReady) => health.setServing(isReady),
    metrics: measuring?.metrics,
  });
  measuring?.instruments.watchHealth(debugging.health);
  const registry = await createRegistry(config, {
    logger,
    now: Date.now,
    newId: () => v7(),
    source,
    version: stowageVersion(),
    callObserver: observation.calls,
    instruments: measuring?.instruments,
    ...(tracing !== undefined && { tracedIn: observation.scopes }),
  });
  const { setPolicy } = registry;
  let stopFollowing = () => {};
  try {
    stopFollowing = await followPolicy(world, {
      loaded,
      logger,
      setPolicy: (rules, next) => {
        setPolicy(rules);
        effective = withPolicyOf(effective, next);
      },
    });
    const transport = createDirectTransport(registry.routes);
    debugging.show(registry.figures);
    await beginChecks(debugging.health, loaded, registry.healthChecks);
    await runServer(world, {
      config,
      logger,
      routes: allServices(registry, health),
      onListening: () => {
        registry.begin();
        debugging.health.listening();
      },
      onStopping: () => debugging.health.draining(),
      onDrain: () => void registry.end(), // close waits for it
      gateway: createGateway({
        transport,
        contextValues: (request) => requestValues(clientOf(request)),
        base: locationBase(config),
        limits: gatewayLimits(config),
        logger,
        observer: observation.requests,
        requestId: requestIdOf,
      }),
      observer: observation.requests,
      connectionObserver: measuring?.instruments.connections,
      announce: ({ url, host }) => [
        `Stowage ${stowageVersion()} listens on ${url}`,
        `Data: ${dataPlace(config)}`,
        ...(world.out.isTerminal ? firstSteps(url, host) : []),
      ],
    });
  } finally {
    stopFollowing();
    await debugging.health.close();
    debugging.show(undefined);
    await registry.close();
  }
}

/** What is called from outside: the services, and what tools ask of every gRPC server. */
function allServices({ routes }: Registry, health: ProcessHealth): Routes {
  return (router, shutdownSignal) => {
    routes(router, shutdownSignal);
    addHealth(router, health, { shutdownSignal });
    addReflection(router, [...STOWAGE_SERVICES, Health]);
  };
}

function warnOfOtherData({ storage }: Config, logger: Logger): void {
  if (storage.kind !== "filesystem") return;
  const folder = resolve(storage.rootDirectory, "docker/registry/v2");
  if (existsSync(folder))
    logger.warn(
      { folder },
      "data of distribution lies here; it is not touched, and stowage import takes it over",
    );
}

function dataPlace({ storage }: Config): string {
  return storage.kind === "memory" ? "in memory, gone when this ends" : dataFolder(storage.rootDirectory);
}

function firstSteps(url: string, host: string): readonly string[] {
  const image = `${host}/hello-world`;
  return [
    "",
    "Push a first image, and watch what happens from another terminal:",
    `  docker pull hello-world && docker tag hello-world ${image} && docker push ${image}`,
    `  npx stowage events --follow --from start --server ${url}`,
    "",
  ];
}
