// The certificates that a token brings with it: they count only as far as one that the
// operator trusts vouches for them. RFC 7515, 4.1.6; RFC 5280, 6.1.
import { type KeyObject, X509Certificate } from "node:crypto";
import { badToken } from "./jwt-shape.ts";

/** The most certificates that a token may bring. */
export const MAX_CHAIN_LENGTH = 5;

export interface ChainTrust {
  readonly roots: readonly X509Certificate[];
  /** In milliseconds since 1970. */
  readonly now: number;
}

/**
 * The key of the first certificate. Each is issued by the next, up to one that a root issued or that is a root; all,
 * the root too, are valid today, and all but the first are authorities. Lengths of paths and constraints on names are
 * not looked at. Throws Unauthorized("invalid_token").
 */
export function keyOfChain(x5c: readonly string[], { roots, now }: ChainTrust): KeyObject {
  if (x5c.length === 0 || x5c.length > MAX_CHAIN_LENGTH)
    throw badToken(
      `"x5c" in its header has ${x5c.length} certificates; 1 to ${MAX_CHAIN_LENGTH} are allowed`,
    );
  const chain = x5c.map(readCertificate);
  for (const [index, certificate] of chain.entries()) {
    if (!isValid(certificate, now)) throw badToken(`certificate ${index + 1} in "x5c" is not valid today`);
    if (index > 0 && !certificate.ca) throw badToken(`certificate ${index + 1} in "x5c" is no authority`);
    if (roots.some((root) => isAnchor(root, certificate, now))) return firstKey(chain);
    const next = chain[index + 1];
    if (next !== undefined && !isIssuer(next, certificate))
      throw badToken(`certificate ${index + 2} in "x5c" has not issued the one before`);
  }
  throw badToken('no certificate that is trusted vouches for those in "x5c"');
}

function readCertificate(text: string, index: number): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(text, "base64"));
  } catch {
    throw badToken(`certificate ${index + 1} in "x5c" cannot be read`);
  }
}

function isAnchor(root: X509Certificate, certificate: X509Certificate, now: number): boolean {
  if (root.raw.equals(certificate.raw)) return true;
  return root.ca && isValid(root, now) && isIssuer(root, certificate);
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValid({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

function firstKey([first]: readonly X509Certificate[]): KeyObject {
  if (first === undefined) throw badToken('"x5c" in its header is empty');
  return first.publicKey;
}
