// An authority of the test's own, and certificates from it, made by openssl.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** A certificate and its key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** As openssl writes it: "/O=Acme/CN=build". */
  readonly subject: string;
  /** As openssl writes them: "DNS:localhost,IP:127.0.0.1". Absent: none. */
  readonly names?: string;
  readonly days?: number;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Signs certificates; its own is at `path`. */
export class Authority {
  readonly path: string;
  readonly #directory: string;
  readonly #key: string;
  #count = 0;

  private constructor(directory: string, name: string) {
    this.#directory = directory;
    this.path = join(directory, `${name}.pem`);
    this.#key = join(directory, `${name}-key.pem`);
  }

  static async make(directory: string, name = "ca"): Promise<Authority> {
    const authority = new Authority(directory, name);
    const out = ["-keyout", authority.#key, "-out", authority.path];
    await run(["openssl", "req", "-x509", ...KEY, "-days", "2", "-subj", `/CN=${name}`, ...out]);
    return authority;
  }

  /** Its certificate. */
  text(): Promise<string> {
    return readFile(this.path, "utf8");
  }

  async issue({ subject, names, days = 1 }: CertificateOptions): Promise<CertificateFiles> {
    this.#count += 1;
    const base = `${this.path.slice(0, -4)}-${this.#count}`;
    const [key, request, certificate] = [`${base}-key.pem`, `${base}-request.pem`, `${base}-cert.pem`];
    const extensions = join(this.#directory, "extensions.cnf");
    await writeFile(extensions, names === undefined ? "" : `subjectAltName=${names}\n`);
    await run(["openssl", "req", "-new", ...KEY, "-subj", subject, "-keyout", key, "-out", request]);
    const from = ["-CA", this.path, "-CAkey", this.#key, "-CAcreateserial", "-extfile", extensions];
    await run([
      "openssl",
      "x509",
      "-req",
      "-in",
      request,
      ...from,
      "-days",
      String(days),
      "-out",
      certificate,
    ]);
    return { certificate, key };
  }
}
