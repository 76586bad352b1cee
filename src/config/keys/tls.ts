// http.tls: TLS on the listener, as in distribution. The files are opened by the
// server, not here.
import { z } from "zod";
import { parseCipherSuite } from "../cipher-suites.ts";
import { CLIENT_AUTHS, type TlsConfig } from "../config.ts";
import { acts, FILE, filePath, refused, reject } from "../key.ts";
import { isRawMap } from "../raw-tree.ts";
import { listOf } from "../text-schemas.ts";

const VERSIONS: ReadonlyMap<unknown, TlsConfig["minimumVersion"]> = new Map([
  ["tls1.2", "TLSv1.2"],
  ["tls1.3", "TLSv1.3"],
]);

const version = z.unknown().transform((given, context) => {
  const known = VERSIONS.get(given);
  if (known !== undefined) return known;
  const isOld = given === "tls1.0" || given === "tls1.1";
  return reject(context, isOld ? "it can be broken, and no client of today needs it" : undefined);
});

/** Generated files write the section with nothing in it. */
const asksForSomething = (value: unknown): boolean =>
  isRawMap(value)
    ? Object.values(value).some(asksForSomething)
    : Array.isArray(value)
      ? value.length > 0
      : value !== "" && value !== null && value !== undefined;

export const tlsKeys = {
  "http.tls.certificate": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning:
      "The server's certificate (PEM), behind it those that lead to an authority. With it and `key` the listener speaks TLS: HTTP/1.1, HTTP/2 and gRPC on one port. Read again when it changes.",
  }),
  "http.tls.key": acts({
    schema: filePath.optional(),
    type: FILE,
    verbatim: "all",
    meaning: "The certificate's private key (PEM).",
  }),
  "http.tls.clientcas": acts({
    schema: z.array(filePath),
    type: "a list of paths",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning: "Files with the authorities (PEM) of client certificates. Empty: clients are not asked for one.",
  }),
  "http.tls.clientauth": acts({
    schema: z.enum(CLIENT_AUTHS),
    type: CLIENT_AUTHS.join(", "),
    default: "require-and-verify-client-cert",
    meaning: "What is asked of clients where there are `clientcas`.",
  }),
  "http.tls.minimumtls": acts({
    schema: version,
    type: "tls1.2 or tls1.3",
    default: "tls1.2",
    meaning: "The oldest version that is spoken.",
  }),
  "http.tls.ciphersuites": acts({
    schema: listOf(parseCipherSuite).transform((names) => [...new Set(names)]),
    type: "a list of cipher suites",
    default: [],
    below: "tree",
    verbatim: "elements",
    meaning:
      "Cipher suites by Go's names (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) or OpenSSL's (`ECDHE-RSA-AES128-GCM-SHA256`). Those of TLS 1.3 stay unless some of them are named. Empty: a sound choice.",
  }),
  "http.tls.letsencrypt": refused({
    type: "a map",
    refuses: asksForSomething,
    meaning: "Certificates from Let's Encrypt.",
    instead:
      "certificates are not fetched by Stowage; put a proxy in front that does (Caddy, Traefik, nginx with certbot; see docs/proxies.md), or point http.tls.certificate and key at the files that certbot renews",
  }),
} as const;
