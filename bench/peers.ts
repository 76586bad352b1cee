// The registries that are compared: Stowage as it is built, Debian's
// docker-registry, and bare node:http. Each has a data folder and a port of its own.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, Server } from "./child.ts";

export const PEER_NAMES = ["stowage", "docker-registry", "limit"] as const;

export type PeerName = (typeof PEER_NAMES)[number];

export interface Peer {
  readonly name: PeerName;
  readonly server: Server;
}

/** Starts these peers below the folder; stops all of them when one fails. */
export async function startPeers(names: readonly PeerName[], folder: string): Promise<readonly Peer[]> {
  const starting = await Promise.allSettled(names.map((name) => startPeer(name, join(folder, name))));
  const started = starting.filter((result) => result.status === "fulfilled").map((result) => result.value);
  const failure = starting.find((result) => result.status === "rejected");
  if (failure === undefined) return started;
  await stopPeers(started);
  throw failure.reason;
}

export async function stopPeers(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.server.stop()));
}

async function startPeer(name: PeerName, folder: string): Promise<Peer> {
  return { name, server: await START[name](folder) };
}

const START: Readonly<Record<PeerName, (folder: string) => Promise<Server>>> = {
  stowage: startStowage,
  "docker-registry": startDockerRegistry,
  limit: startLimit,
};

async function startLimit(): Promise<Server> {
  const port = await freePort();
  return Server.start([process.execPath, join(import.meta.dirname, "limit-server.ts"), String(port)], port);
}

/** More sections of a configuration. */
export interface Sections extends Readonly<Record<string, unknown>> {
  /** Beside the address. */
  readonly http?: object;
}

/** Starts Stowage as it is built, on the data below the folder. */
export async function startStowage(
  folder: string,
  sections: Sections = {},
  /** Where all that it prints goes. Absent: nowhere. */
  output?: string,
): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const { http, ...others } = sections;
  const usual = stowageConfig(port, folder);
  const config = await configure(folder, { ...usual, ...others, http: { ...usual.http, ...http } });
  const program = join(import.meta.dirname, "..", "bin", "stowage.js");
  // By its first line, as a shell starts it: the flags there belong to it.
  return Server.start([program, "serve", "--config", config], port, output);
}

/** Starts docker-registry on the data below the folder. */
export async function startDockerRegistry(folder: string, sections: Sections = {}): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = await configure(folder, { ...dockerRegistryConfig(port, folder), ...sections });
  return Server.start(["docker-registry", "serve", config], port);
}

/** Everything that is not said is Stowage's default. */
export function stowageConfig(port: number, folder: string) {
  return {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: rootDirectory(folder) } },
    http: { addr: `127.0.0.1:${port}` },
  };
}

/** As fast as it can be: its descriptor cache on, its access log off. */
function dockerRegistryConfig(port: number, folder: string): object {
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: rootDirectory(folder) },
      delete: { enabled: true },
      cache: { blobdescriptor: "inmemory" },
    },
    http: { addr: `127.0.0.1:${port}`, secret: "benchmark" },
  };
}

/** Where a peer started on this folder keeps its data. */
export function rootDirectory(folder: string): string {
  return join(folder, "data");
}

/** Writes a configuration, and returns where. JSON is YAML. */
export async function configure(folder: string, config: object): Promise<string> {
  const path = join(folder, "config.yml");
  await writeFile(path, JSON.stringify(config));
  return path;
}
