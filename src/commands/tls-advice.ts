// Why TLS to a registry fails, in fewer words than OpenSSL's, and what to do.

/** By the code of the error, or by OpenSSL's reason. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ...["SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT"].map(
    privateOne,
  ),
  ...["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"].map(privateOne),
  ["wrong version number", "it does not speak TLS; is it an http:// URL?"],
  ["packet length too long", "it does not speak TLS; is it an http:// URL?"],
  ["tlsv13 alert certificate required", "it wants a client certificate: --cert and --key"],
  ["sslv3 alert handshake failure", "perhaps it wants a client certificate: --cert and --key"],
]);

function privateOne(code: string): readonly [string, string] {
  return [code, "for an authority of your own, name its certificate with --ca or $STOWAGE_CA"];
}

/** "error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../deps/…" */
const OPENSSL = /:SSL routines:[^:]*:([^:]+):/;

/** The failure, and advice where there is some. Absent: it is none of TLS. */
export function tlsFailureText(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !("code" in cause)) return undefined;
  const [, reason] = OPENSSL.exec(cause.message) ?? [];
  const advice = ADVICE.get(reason ?? String(cause.code));
  if (reason === undefined && advice === undefined) return undefined;
  return [reason === undefined ? cause.message : `TLS failed: ${reason}`, advice]
    .filter((part) => part !== undefined)
    .join("; ");
}
