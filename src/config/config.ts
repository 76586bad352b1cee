// The configuration as the program uses it: typed, complete, frozen. Where it
// comes from (file, environment, command line) is forgotten here.
import type { Values } from "./keys.ts";
import type { ListenAddress } from "./listen-address.ts";

export interface Config {
  readonly log: LogConfig;
  readonly storage: StorageConfig;
  readonly http: HttpConfig;
  /** Whether manifests, tags and blobs can be deleted. */
  readonly deleteEnabled: boolean;
  /** Whether an index may name manifests that its repository lacks. */
  readonly sparseIndexes: boolean;
  /** The most repositories on a page of the catalogue. */
  readonly catalogMaxEntries: number;
  /** The most tags on a page of a repository's tags. */
  readonly tagsMaxEntries: number;
}

export interface LogConfig {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly formatter: "text" | "json" | "logstash";
  /** Added to every line. */
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

export type StorageConfig =
  | { readonly kind: "filesystem" /** As it was written: may be relative. */; readonly rootDirectory: string }
  | { readonly kind: "memory" };

export interface HttpConfig {
  readonly address: ListenAddress;
  /** How long running requests may take to finish when the server stops. 0: none. */
  readonly drainTimeoutMs: number;
  /** Added to every answer of the Docker API; names as they were written. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** How long the head of a request may take. */
  readonly headerTimeoutMs: number;
  /** How long a connection is kept between requests. */
  readonly idleTimeoutMs: number;
  /** How long a transfer may stand still. */
  readonly progressTimeoutMs: number;
  /** The most connections at a time. */
  readonly maxConnections: number;
  /** The most requests at a time on one HTTP/2 connection. */
  readonly maxStreams: number;
}

/** Puts the values in their places. `given` tells which keys were set. */
export function toConfig(values: Values, given: ReadonlyMap<string, unknown>): Config {
  return freeze({
    log: {
      level: given.has("log.level") ? values["log.level"] : (values.loglevel ?? values["log.level"]),
      formatter: values["log.formatter"],
      fields: values["log.fields"],
    },
    storage: values["storage.inmemory"]
      ? { kind: "memory" }
      : { kind: "filesystem", rootDirectory: values["storage.filesystem.rootdirectory"] },
    http: toHttpConfig(values),
    deleteEnabled: values["storage.delete.enabled"],
    sparseIndexes: values["validation.manifests.indexes.platforms"] === "none",
    catalogMaxEntries: values["catalog.maxentries"],
    tagsMaxEntries: values["tags.maxtags"],
  });
}

function toHttpConfig(values: Values): HttpConfig {
  return {
    address: values["http.addr"],
    drainTimeoutMs: values["http.draintimeout"],
    headers: values["http.headers"],
    headerTimeoutMs: values["http.timeouts.header"],
    idleTimeoutMs: values["http.timeouts.idle"],
    progressTimeoutMs: values["http.timeouts.progress"],
    maxConnections: values["http.limits.connections"],
    maxStreams: values["http.limits.streams"],
  };
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
