// stowage serve: a whole registry, all rooms together.
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { v7 } from "uuid";
import { createGateway } from "../../gateway/gateway.ts";
import type { Config } from "../config/config.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { createObservation } from "../observation.ts";
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
import type { Logger } from "../telemetry/logger.ts";
import { Scopes } from "../telemetry/scope.ts";
import { followPolicy } from "./follow-policy.ts";
import { gatewayLimits } from "./gateway-limits.ts";
import { locationBase } from "./location-base.ts";
import { readConfig, startLog } from "./read-config.ts";
import { runServer } from "./run-server.ts";
import { stowageVersion } from "./version.ts";
import type { World } from "./world.ts";

/** Runs the registry until it is told to stop. */
export async function serve(world: World, path: string | undefined): Promise<void> {
  const loaded = readConfig(world, path);
  const { config } = loaded;
  const logger = startLog(world, loaded);
  warnOfOtherData(config, logger);
  const { address } = config.http;
  const place = "path" in address ? hostname() : `${hostname()}:${address.port}`;
  const source = { address: place, instanceId: v7() };
  const observation = createObservation({ scopes: new Scopes(), requestSinks: [], callSinks: [] });
  const registry = await createRegistry(config, {
    logger,
    now: Date.now,
    newId: () => v7(),
    source,
    version: stowageVersion(),
    callObserver: observation.calls,
  });
  const { setPolicy } = registry;
  let stopFollowing = () => {};
  try {
    stopFollowing = await followPolicy(world, { loaded, logger, setPolicy });
    const transport = createDirectTransport(registry.routes);
    const health = new ProcessHealth(STOWAGE_SERVICES);
    await runServer(world, {
      config,
      logger,
      routes: allServices(registry, health),
      onListening: () => registry.begin(),
      onDrain: () => {
        health.setServing(false);
        void registry.end(); // close waits for it
      },
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
      announce: ({ url, host }) => [
        `Stowage ${stowageVersion()} listens on ${url}`,
        `Data: ${dataPlace(config)}`,
        ...(world.out.isTerminal ? firstSteps(url, host) : []),
      ],
    });
  } finally {
    stopFollowing();
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
