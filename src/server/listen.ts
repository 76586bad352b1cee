// Where a server listens: a TCP address, the path of a Unix socket, or a socket that
// another program has opened for us.
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { listenOnPath } from "./unix-socket.ts";

export type Place =
  /** An empty host: all interfaces. Port zero: the system chooses a free one. */
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
  /** The number of an open file, as systemd passes it on. */
  | { readonly descriptor: number };

/** Resolves with the server listening. */
export async function listen(server: Server, place: Place): Promise<void> {
  if ("path" in place) return listenOnPath(server, place.path);
  if ("descriptor" in place) server.listen({ fd: place.descriptor });
  else {
    const { host, port } = place;
    // An empty host means all interfaces, IPv6 and IPv4, as for Node when it is absent.
    server.listen(host === "" ? { port } : { host, port });
  }
  await once(server, "listening");
}

/** Where it listens now: the TCP address, or the path. */
export function placeOf(server: Server): AddressInfo | { readonly path: string } {
  const address = server.address();
  if (address === null) throw new Error("the server does not listen");
  return typeof address === "string" ? { path: address } : address;
}
