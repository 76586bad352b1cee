// What a client's certificate says of who it is, after the handshake has verified it.
import type { X509Certificate } from "node:crypto";
import type { ClientCertificate } from "../auth/credentials.ts";

/** Node's list of alternative names; a value with anything unusual in it is a JSON string. */
const NAME = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;

export function clientCertificateOf(certificate: X509Certificate): ClientCertificate {
  const names = alternativeNames(certificate.subjectAltName ?? "");
  const commonName = commonNameOf(certificate);
  return {
    subject: subjectOf(certificate),
    ...(commonName !== undefined && { commonName }),
    dnsNames: names("DNS"),
    emails: names("email"),
    uris: names("URI"),
    expireTime: Date.parse(certificate.validTo),
  };
}

/** RFC 4514, 2.1: the last first. Node gives a line for each, escaped already. */
function subjectOf({ subject }: X509Certificate): string {
  return (subject ?? "")
    .split("\n")
    .reverse()
    .map((part) => part.replaceAll(" + ", "+"))
    .join(",");
}

/** Undefined when there are several: nobody could say which is meant. */
function commonNameOf(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
  return typeof name === "string" && name !== "" && !/[\u0000-\u001f\u007f]/.test(name) ? name : undefined;
}

function alternativeNames(text: string): (kind: string) => readonly string[] {
  const found = [...text.matchAll(NAME)].map(([, kind = "", value = ""]) => ({ kind, value: plain(value) }));
  return (wanted) => found.filter(({ kind }) => kind === wanted).map(({ value }) => value);
}

function plain(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}
