// From values to HttpConfig. Only for what http-rules.ts has found to be right.
import { withTls13 } from "./cipher-suites.ts";
import type { HttpConfig, TlsConfig } from "./config.ts";
import type { Values } from "./keys.ts";

export function toHttpConfig(values: Values): HttpConfig {
  const tls = toTlsConfig(values);
  const publicUrl = values["http.host"];
  return {
    address: values["http.addr"],
    ...(tls !== undefined && { tls }),
    ...(publicUrl !== undefined && { publicUrl }),
    prefix: values["http.prefix"],
    relativeUrls: values["http.relativeurls"],
    trustedProxies: values["http.trustedproxies"],
    proxyProtocol: values["http.proxyprotocol"],
    drainDelayMs: values["http.draindelay"],
    drainTimeoutMs: values["http.draintimeout"],
    headers: values["http.headers"],
    corsOrigins: values["http.cors.origins"],
    headerTimeoutMs: values["http.timeouts.header"],
    idleTimeoutMs: values["http.timeouts.idle"],
    progressTimeoutMs: values["http.timeouts.progress"],
    maxConnections: values["http.limits.connections"],
    maxConnectionsPerAddress: values["http.limits.connectionsperaddress"],
    maxStreams: values["http.limits.streams"],
    maxHeaderSize: values["http.limits.headers"],
    maxUploads: values["http.limits.uploads"],
    rates: {
      principal: values["http.limits.rate.principal"],
      address: values["http.limits.rate.address"],
      burst: values["http.limits.rate.burst"],
    },
  };
}

function toTlsConfig(values: Values): TlsConfig | undefined {
  const certificate = values["http.tls.certificate"];
  const key = values["http.tls.key"];
  if (certificate === undefined || key === undefined) return undefined;
  return {
    certificate,
    key,
    clientCas: values["http.tls.clientcas"],
    clientAuth: values["http.tls.clientauth"],
    minimumVersion: values["http.tls.minimumtls"],
    cipherSuites: withTls13(values["http.tls.ciphersuites"]),
  };
}
