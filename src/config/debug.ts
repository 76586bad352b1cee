// The debug listener as the program uses it.
import type { Values } from "./keys.ts";
import { parseListenAddress, type TcpAddress } from "./listen-address.ts";

export const DEBUG_PROFILES = ["local", "everyone", "off"] as const;

/** Who may take profiles, and see the configuration. */
export type DebugProfiles = (typeof DEBUG_PROFILES)[number];

export interface DebugConfig {
  /** Absent: there is no debug listener. */
  readonly address?: TcpAddress;
  readonly profiles: DebugProfiles;
  /** Where metrics are told. Absent: none are counted. */
  readonly metricsPath?: string;
}

const LOOPBACK = "127.0.0.1";

/** A port alone is one of this machine alone; nobody is asked for a password there. Undefined: it is no address. */
export function parseDebugAddress(text: string): TcpAddress | undefined {
  const address = parseListenAddress(/^\d+$/.test(text) ? `:${text}` : text);
  return address?.host === "" ? { ...address, host: LOOPBACK } : address;
}

export function toDebugConfig(values: Values): DebugConfig {
  const address = values["http.debug.addr"];
  return {
    ...(address !== undefined && { address }),
    profiles: values["http.debug.profiles"],
    ...(values["http.debug.prometheus.enabled"] && { metricsPath: values["http.debug.prometheus.path"] }),
  };
}
