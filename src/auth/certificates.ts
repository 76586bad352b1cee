// Client certificates as identity: which words of a verified certificate are the name.
import type { AuthConfig, CertificateIdentity } from "../config/access.ts";
import type { ClientCertificate } from "./credentials.ts";
import { type Principal, principal } from "./principal.ts";

type Settings = NonNullable<AuthConfig["certificates"]>;

export class CertificateNames {
  readonly #settings: Settings;
  /** A connection shows the same certificate with each request. */
  readonly #known = new WeakMap<ClientCertificate, Principal>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Undefined when the certificate lacks what the name is made of. */
  find(certificate: ClientCertificate): Principal | undefined {
    const known = this.#known.get(certificate);
    if (known !== undefined) return known;
    const { identity, groups } = this.#settings;
    const name = nameOf(certificate, identity);
    if (name === undefined || name === "") return undefined;
    const found = principal("cert", name, { groups, expireTime: certificate.expireTime });
    this.#known.set(certificate, found);
    return found;
  }
}

function nameOf(certificate: ClientCertificate, identity: CertificateIdentity): string | undefined {
  switch (identity) {
    case "subject":
      return certificate.subject;
    case "cn":
      return certificate.commonName;
    case "dns":
      return certificate.dnsNames[0];
    case "email":
      return certificate.emails[0];
    case "uri":
      return certificate.uris[0];
  }
}
