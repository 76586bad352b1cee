// The way to a registry for whoever keeps its house: over the network or, offline,
// over its data in this process. Commands see the same clients either way.
import { hostname } from "node:os";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { v7 } from "uuid";
import { MaintenanceService } from "../gen/stowage/v1/maintenance_service_pb.ts";
import { ManifestService } from "../gen/stowage/v1/manifest_service_pb.ts";
import { UploadService } from "../gen/stowage/v1/upload_service_pb.ts";
import { UsageService } from "../gen/stowage/v1/usage_service_pb.ts";
import { type OfflineRegistry, openOffline } from "../offline.ts";
import { createDirectTransport } from "../rpc/direct-transport.ts";
import type { KeeperOptions } from "./keeper-options.ts";
import { readConfig } from "./read-config.ts";
import { explainFailure, remoteTransport } from "./remote-registry.ts";
import { parseServerUrl } from "./server-url.ts";
import { stowageVersion } from "./version.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** The services that keep a registry's house. A stop signal ends whatever they are at. */
export interface Keeper {
  readonly maintenance: Client<typeof MaintenanceService>;
  readonly manifests: Client<typeof ManifestService>;
  readonly uploads: Client<typeof UploadService>;
  readonly usage: Client<typeof UsageService>;
}

export interface Asking extends KeeperOptions {
  /** After a stop signal: what has become of it, and how to go on. */
  readonly interrupted?: string;
}

const INTERRUPTED = "what was done stays done";

/** Asks the registry; what fails, also because of a stop signal, becomes a CommandFailure. */
export async function askKeeper<T>(
  world: World,
  options: Asking,
  ask: (keeper: Keeper) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const endListening = world.onStopSignal(() => {
    if (stop.signal.aborted) world.exit(EXIT.failure);
    stop.abort();
  });
  try {
    return await (options.offline === true ? askData : askServer)(world, options, (transport) =>
      ask(clientsOf(endedBy(transport, stop.signal))),
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new CommandFailure(`interrupted; ${options.interrupted ?? INTERRUPTED}`, { cause: error });
  } finally {
    endListening();
  }
}

type Ask<T> = (transport: Transport) => Promise<T>;

async function askServer<T>(_world: World, options: Asking, ask: Ask<T>): Promise<T> {
  if (options.config !== undefined)
    throw new CommandFailure("--config is for --offline: a server that runs has read its own", {
      exitCode: EXIT.usage,
    });
  const server = parseServerUrl(options.server);
  try {
    return await ask(remoteTransport(server, options));
  } catch (error) {
    throw explainFailure(error, { ...options, server });
  }
}

async function askData<T>(world: World, options: Asking, ask: Ask<T>): Promise<T> {
  const faults: unknown[] = [];
  const { config } = readConfig(world, options.config);
  const registry: OfflineRegistry = await openOffline(config, {
    now: world.now,
    newId: () => v7(),
    source: { address: hostname(), instanceId: v7() },
    version: stowageVersion(),
    report: (error) => faults.push(error),
  });
  try {
    return await ask(createDirectTransport(registry.routes));
  } catch (error) {
    // What a server would write to its log.
    if (faults.length > 0) throw faults[0];
    throw error instanceof ConnectError ? new CommandFailure(error.rawMessage, { cause: error }) : error;
  } finally {
    await registry.close();
  }
}

function clientsOf(transport: Transport): Keeper {
  return {
    maintenance: createClient(MaintenanceService, transport),
    manifests: createClient(ManifestService, transport),
    uploads: createClient(UploadService, transport),
    usage: createClient(UsageService, transport),
  };
}

/** All its calls end with the signal, too. */
function endedBy(transport: Transport, stop: AbortSignal): Transport {
  const either = (signal: AbortSignal | undefined) =>
    signal === undefined ? stop : AbortSignal.any([signal, stop]);
  return {
    unary: (method, signal, ...rest) => transport.unary(method, either(signal), ...rest),
    stream: (method, signal, ...rest) => transport.stream(method, either(signal), ...rest),
  };
}
