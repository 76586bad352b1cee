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

type Command = readonly [string, ...string[]];

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
  if (name === "stowage") return { name, server: await startStowage(folder) };
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  return { name, server: await Server.start(await commandOf(name, port, folder), port) };
}

async function commandOf(name: "docker-registry" | "limit", port: number, folder: string): Promise<Command> {
  if (name === "limit") return [process.execPath, join(import.meta.dirname, "limit-server.ts"), String(port)];
  return ["docker-registry", "serve", await configure(folder, dockerRegistryConfig(port, folder))];
}

/** Starts Stowage as it is built, on the data below the folder. */
export async function startStowage(folder: string): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = await configure(folder, stowageConfig(port, folder));
  const program = join(import.meta.dirname, "..", "bin", "stowage.js");
  // By its first line, as a shell starts it: the flags there belong to it.
  return Server.start([program, "serve", "--config", config], port);
}

/** Everything that is not said is Stowage's default. */
function stowageConfig(port: number, folder: string): object {
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

/** JSON is YAML. */
async function configure(folder: string, config: object): Promise<string> {
  const path = join(folder, "config.yml");
  await writeFile(path, JSON.stringify(config));
  return path;
}
