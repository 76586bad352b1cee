// Cipher suites by Go's names, as distribution's files write them, and by OpenSSL's,
// as Node takes them. pkg.go.dev/crypto/tls, Constants; RFC 8446, B.4.
import { getCiphers } from "node:tls";
import type { Parsed } from "./key.ts";
import { suggest } from "./nearest.ts";

/** Those of TLS 1.3, which Go always offers. */
const TLS_1_3 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"] as const;

const BY_GO_NAME: ReadonlyMap<string, string> = new Map([
  ...TLS_1_3.map((name) => [name, name] as const),
  ["TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"],
  ["TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"],
  ["TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
]);

/** Go's names of what no server should offer any more, and OpenSSL's. RFC 7465; RFC 8429 and CVE-2016-2183. */
const BROKEN = /RC4|3DES|DES-CBC3|NULL|EXPORT|MD5|anon/i;

/** The suite by OpenSSL's name. */
export function parseCipherSuite(text: string): Parsed<string> {
  const byName = BY_GO_NAME.get(text);
  if (byName !== undefined) return { value: byName };
  if (BROKEN.test(text)) return { problem: `cipher suite "${text}" is broken and not offered; remove it` };
  const ours = getCiphers().map((name) => name.toUpperCase());
  const canonical = text.toUpperCase();
  // OpenSSL's names can be told by their "-"; those with "_" are TLS 1.3 or Go's.
  if (ours.includes(canonical)) return { value: canonical };
  const known = [...BY_GO_NAME.keys(), ...ours.filter((name) => !name.startsWith("TLS_"))];
  return { problem: `"${text}" is no known cipher suite; ${suggest(text, known, "\n")}` };
}

/** The list for Node: without a suite of TLS 1.3 in it Node would not speak TLS 1.3, where Go always does. */
export function withTls13(suites: readonly string[]): readonly string[] {
  if (suites.length === 0 || suites.some((name) => name.startsWith("TLS_"))) return suites;
  return [...TLS_1_3, ...suites];
}
