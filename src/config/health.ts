// Health checks as the program uses them.
import type { Values } from "./keys.ts";

interface Pace {
  /** From the end of one check to the begin of the next. */
  readonly intervalMs: number;
  /** So many failures in a row count. At least 1. */
  readonly threshold: number;
}

export interface StorageCheckConfig extends Pace {
  /** With less free space, in bytes, it fails. */
  readonly minFreeBytes: number;
}

export interface FileCheckConfig extends Pace {
  /** It fails while this file is there. */
  readonly file: string;
}

export interface HttpCheckConfig extends Pace {
  /** Without user and password; what is behind "?" may be secret. */
  readonly url: string;
  /** Secret. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly status: number;
  readonly timeoutMs: number;
}

export interface TcpCheckConfig extends Pace {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export interface HealthConfig {
  /** Absent: the data is not checked. */
  readonly storage?: StorageCheckConfig;
  readonly files: readonly FileCheckConfig[];
  readonly http: readonly HttpCheckConfig[];
  readonly tcp: readonly TcpCheckConfig[];
}

export function toHealthConfig(values: Values): HealthConfig {
  return {
    ...(values["health.storagedriver.enabled"] && {
      storage: {
        intervalMs: values["health.storagedriver.interval"],
        threshold: values["health.storagedriver.threshold"],
        minFreeBytes: values["health.storagedriver.minfree"],
      },
    }),
    files: values["health.file"] ?? [],
    http: values["health.http"] ?? [],
    tcp: values["health.tcp"] ?? [],
  };
}
