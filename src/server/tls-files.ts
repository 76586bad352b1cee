// Certificates and keys, read from their files and checked before anybody relies on
// them, so that a mistake has a name and not OpenSSL's number.

import { SSL_OP_NO_TICKET } from "node:constants";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { TlsConfig } from "../config/config.ts";
import { UnusableFile } from "../config/unusable-file.ts";

const CERTIFICATES = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/** Go's list does not concern TLS 1.3, and so ours does not unless it names suites of it. */
const TLS13_SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};

export interface TlsFiles {
  /** What the handshake needs. */
  readonly context: SecureContextOptions;
  /** What is wrong, and yet no reason not to start. */
  readonly warnings: readonly string[];
}

/** Throws, with the file and the reason in its message, when the files cannot be used. */
export async function readTlsFiles(config: TlsConfig): Promise<TlsFiles> {
  const { certificate, key, clientCas, minimumVersion, cipherSuites } = config;
  const cert = await read("certificate", certificate);
  const [own] = parseCertificates(cert, "certificate", certificate);
  const secret = await read("key", key);
  if (own !== undefined && !own.checkPrivateKey(parseKey(secret, key)))
    throw new UnusableFile(
      `http.tls: the key in "${key}" does not belong to the certificate in "${certificate}"`,
    );
  const cas = await Promise.all(clientCas.map((path) => readAuthorities(path)));
  const context: SecureContextOptions = {
    cert,
    key: secret,
    minVersion: minimumVersion,
    ...(cipherSuites.length > 0 && { ciphers: withTls13(cipherSuites).join(":") }),
    // A resumed session would keep a client's identity when its authority is not trusted any more.
    ...(cas.length > 0 && { ca: cas.flat(), secureOptions: SSL_OP_NO_TICKET }),
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new UnusableFile(`http.tls: ${messageOf(cause)}`, { cause });
  }
  return { context, warnings: own === undefined ? [] : validityWarnings(own, certificate) };
}

/** A text that changes when one of the files does. */
export async function tlsFilesState({ certificate, key, clientCas }: TlsConfig): Promise<string> {
  const states = [certificate, key, ...clientCas].map(async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? "none" : `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
  });
  return (await Promise.all(states)).join(" ");
}

async function read(member: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    throw new UnusableFile(
      `http.tls.${member}: cannot read "${path}": ${REASONS[code] ?? messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function readAuthorities(path: string): Promise<readonly string[]> {
  const found = parseCertificates(await read("clientcas", path), "clientcas", path);
  return found.map((authority) => authority.toString());
}

function parseCertificates(text: string, member: string, path: string): readonly X509Certificate[] {
  const blocks = text.match(CERTIFICATES) ?? [];
  if (blocks.length === 0)
    throw new UnusableFile(`http.tls.${member}: "${path}" holds no certificate in PEM form`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new UnusableFile(`http.tls.${member}: a certificate in "${path}" is broken: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function parseKey(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(text);
    const reason = isEncrypted ? "is encrypted; it must not be" : "holds no private key in PEM form";
    throw new UnusableFile(`http.tls.key: "${path}" ${reason}`, { cause });
  }
}

function withTls13(suites: readonly string[]): readonly string[] {
  return suites.some((suite) => suite.startsWith("TLS_")) ? suites : [...TLS13_SUITES, ...suites];
}

function validityWarnings({ validFrom, validTo }: X509Certificate, path: string): readonly string[] {
  const now = Date.now();
  if (Date.parse(validTo) < now) return [`the certificate in "${path}" expired: ${validTo}`];
  return Date.parse(validFrom) > now ? [`the certificate in "${path}" is not valid before ${validFrom}`] : [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
