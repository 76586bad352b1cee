// The configuration as the program uses it: typed, complete, frozen. Where it
// comes from (file, environment, command line) is forgotten here.
import type { AuthConfig } from "./access.ts";
import type { AuthKinds } from "./auth-kinds.ts";
import { type DebugConfig, toDebugConfig } from "./debug.ts";
import { type HealthConfig, toHealthConfig } from "./health.ts";
import { type KeepingConfig, toKeepingConfig } from "./keeping.ts";
import type { Values } from "./keys.ts";
import type { ListenAddress } from "./listen-address.ts";
import type { LogConfig } from "./log-config.ts";
import { toAuthConfig } from "./to-auth-config.ts";
import { toHttpConfig } from "./to-http-config.ts";
import { type TracingConfig, toTracingConfig } from "./tracing.ts";
import type { WebhookConfig } from "./webhook.ts";

export type { WebhookConfig };

export interface Config extends KeepingConfig {
  readonly log: LogConfig;
  readonly storage: StorageConfig;
  readonly http: HttpConfig;
  readonly debug: DebugConfig;
  readonly health: HealthConfig;
  readonly auth: AuthConfig;
  readonly notifications: NotificationsConfig;
  readonly events: EventsConfig;
  /** Absent: nothing is traced. */
  readonly tracing?: TracingConfig;
  /** Whether an index may name manifests that its repository lacks. */
  readonly sparseIndexes: boolean;
  /** The most repositories on a page of the catalogue. */
  readonly catalogMaxEntries: number;
  /** The most tags on a page of a repository's tags. */
  readonly tagsMaxEntries: number;
}

export type StorageConfig =
  | { readonly kind: "filesystem" /** As it was written: may be relative. */; readonly rootDirectory: string }
  | { readonly kind: "memory" };

export interface HttpConfig {
  /** TCP, or the path of a Unix socket. */
  readonly address: ListenAddress;
  /** Absent: plaintext. */
  readonly tls?: TlsConfig;
  /** The URL under which clients reach the registry, without a path: "https://registry.example.com". Absent: as they say themselves. */
  readonly publicUrl?: string;
  /** In front of every path: "/registry". Empty: nothing. */
  readonly prefix: string;
  /** True: locations are relative although there is a `publicUrl`. */
  readonly relativeUrls: boolean;
  /** CIDR blocks and addresses whose word about their clients is believed. */
  readonly trustedProxies: readonly string[];
  /** True: connections from trusted proxies begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** How long the server goes on as before when it is told to stop, but for saying that it is not ready. */
  readonly drainDelayMs: number;
  /** How long running requests may take to finish when the server stops. 0: none. */
  readonly drainTimeoutMs: number;
  /** Added to every answer of the Docker API; names as they were written. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Pages from these origins may call the RPCs, in the form that browsers send; "*": from anywhere. */
  readonly corsOrigins: readonly string[];
  /** How long the head of a request may take. */
  readonly headerTimeoutMs: number;
  /** How long a connection is kept between requests. */
  readonly idleTimeoutMs: number;
  /** How long a transfer may stand still. */
  readonly progressTimeoutMs: number;
  /** The most connections at a time. */
  readonly maxConnections: number;
  /** The most connections at a time from one address (IPv6: one /64). 0: any number. */
  readonly maxConnectionsPerAddress: number;
  /** The most requests at a time on one HTTP/2 connection. */
  readonly maxStreams: number;
  /** The longest head of a request, in bytes. */
  readonly maxHeaderSize: number;
  /** The most uploads that one client (principal, or address without one) writes at a time. 0: any number. */
  readonly maxUploads: number;
  /** Requests a second; 0: any number. */
  readonly rates: {
    readonly principal: number;
    readonly address: number;
    /** How many seconds' worth may come at once. */
    readonly burst: number;
  };
}

export interface TlsConfig {
  /** Files in PEM form. They are read again when they change. */
  readonly certificate: string;
  readonly key: string;
  /** Files with the authorities of client certificates. Empty: none are asked for. */
  readonly clientCas: readonly string[];
  readonly clientAuth: ClientAuth;
  readonly minimumVersion: "TLSv1.2" | "TLSv1.3";
  /** Names as OpenSSL writes them. Empty: Node's choice. */
  readonly cipherSuites: readonly string[];
}

export const CLIENT_AUTHS = [
  "require-and-verify-client-cert",
  "verify-client-cert-if-given",
  "require-any-client-cert",
  "request-client-cert",
] as const;

/** How much a client must show of a certificate. */
export type ClientAuth = (typeof CLIENT_AUTHS)[number];

export interface NotificationsConfig {
  /** Whether webhooks are told what a manifest refers to. */
  readonly includeReferences: boolean;
  /** The disabled ones too, in the order of the file. */
  readonly endpoints: readonly WebhookConfig[];
}

export interface EventsConfig {
  /** Whether pulls of manifests are recorded, and whether HEAD is one. */
  readonly pulls: { readonly enabled: boolean; readonly head: boolean };
  readonly retention: {
    /** Absent: no limit. */
    readonly ageMs?: number;
    /** Absent: no limit. */
    readonly count?: number;
    /** How much longer than `ageMs` events are kept for who has not had them yet. */
    readonly holdMs: number;
  };
}

/** What is known beside the values. */
interface Rest {
  /** The keys that were set. */
  readonly given: ReadonlyMap<string, unknown>;
  /** With the secrets that lay in files. */
  readonly webhooks: readonly WebhookConfig[];
  /** What the auth section names; undefined: there is none. */
  readonly kinds: AuthKinds | undefined;
}

/** Puts the values in their places. */
export function toConfig(values: Values, { given, webhooks, kinds }: Rest): Config {
  const tracing = toTracingConfig(values);
  return freeze({
    log: {
      level: given.has("log.level") ? values["log.level"] : (values.loglevel ?? values["log.level"]),
      formatter: values["log.formatter"],
      fields: values["log.fields"],
      accessLog: !values["log.accesslog.disabled"],
      hooks: values["log.hooks"],
    },
    storage: values["storage.inmemory"]
      ? { kind: "memory" }
      : { kind: "filesystem", rootDirectory: values["storage.filesystem.rootdirectory"] },
    http: toHttpConfig(values),
    debug: toDebugConfig(values),
    health: toHealthConfig(values),
    auth: toAuthConfig(values, kinds),
    notifications: {
      includeReferences: values["notifications.events.includereferences"],
      endpoints: webhooks,
    },
    events: toEventsConfig(values),
    ...(tracing !== undefined && { tracing }),
    ...toKeepingConfig(values, given),
    sparseIndexes: values["validation.manifests.indexes.platforms"] === "none",
    catalogMaxEntries: values["catalog.maxentries"],
    tagsMaxEntries: values["tags.maxtags"],
  });
}

function toEventsConfig(values: Values): EventsConfig {
  const ageMs = values["events.retention.age"];
  const count = values["events.retention.count"];
  return {
    pulls: { enabled: values["events.pulls.enabled"], head: values["events.pulls.head"] },
    retention: {
      ...(ageMs > 0 && { ageMs }),
      ...(count > 0 && { count }),
      holdMs: values["events.retention.hold"],
    },
  };
}

/** Bytes stay as they are: they cannot be frozen. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value))
    return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
