// Socket activation: systemd opens the socket, starts us with it, and says so in the
// environment. sd_listen_fds(3).
import { isLoopbackHost } from "../config/listen-address.ts";
import { CommandFailure, type World } from "./world.ts";

/** The first descriptor that is passed on. */
const FIRST = 3;

export interface InheritedSocket {
  readonly descriptor: number;
  /** How many more there are; nobody serves them. */
  readonly others: number;
}

/** Undefined: none is meant for this process. Throws when what the environment says makes no sense. */
export function inheritedSocket({
  environment,
  pid,
}: Pick<World, "environment" | "pid">): InheritedSocket | undefined {
  const { LISTEN_FDS: count, LISTEN_PID: owner } = environment;
  // The variables of somebody else are inherited as well.
  if (count === undefined || owner !== String(pid)) return undefined;
  if (!/^\d{1,5}$/.test(count)) throw new CommandFailure(`LISTEN_FDS "${count}" is no number of sockets`);
  return Number(count) === 0 ? undefined : { descriptor: FIRST, others: Number(count) - 1 };
}

/** True when only this machine can connect. `host`: undefined for a Unix socket. */
export function isLocalSocket(host: string | undefined): boolean {
  return host === undefined || isLoopbackHost(host);
}
