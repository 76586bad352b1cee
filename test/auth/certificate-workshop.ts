// Makes certificates with openssl: roots, authorities below them, and leaves.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../support/run.ts";

export interface Made {
  readonly name: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** As "x5c" wants it. */
  readonly base64: string;
  readonly pem: string;
}

export interface Order {
  /** The common name, and the name of its files. */
  readonly name: string;
  readonly isAuthority: boolean;
  readonly days: number;
  /** Absent: it signs itself. */
  readonly issuer?: Made;
}

/** Makes one; its files lie in the directory. */
export async function makeCertificate(directory: string, order: Order): Promise<Made> {
  const { name, isAuthority, days, issuer } = order;
  const [key, pem, form] = ["key", "pem", "cnf"].map((end) => join(directory, `${name}.${end}`)) as [
    string,
    string,
    string,
  ];
  const extensions = `basicConstraints=critical,CA:${isAuthority ? "TRUE" : "FALSE"}`;
  await writeFile(form, `[req]\ndistinguished_name=dn\n[dn]\n[extensions]\n${extensions}\n`);
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const request = ["openssl", "req", "-config", form, "-subj", `/CN=${name}`, ...kind];
  if (issuer === undefined) {
    await run([...request, "-x509", "-days", `${days}`, "-extensions", "extensions", "-out", pem]);
  } else {
    await run([...request, "-new", "-out", `${pem}.csr`]);
    const by = ["CA", "CAkey"].flatMap((option, index) => [
      `-${option}`,
      join(directory, `${issuer.name}.${index === 0 ? "pem" : "key"}`),
    ]);
    const what = ["-extfile", form, "-extensions", "extensions", "-days", `${days}`, "-CAcreateserial"];
    await run(["openssl", "x509", "-req", "-in", `${pem}.csr`, ...by, ...what, "-out", pem]);
  }
  const text = await readFile(pem, "utf8");
  const certificate = new X509Certificate(text);
  return {
    name,
    certificate,
    key: createPrivateKey(await readFile(key)),
    base64: certificate.raw.toString("base64"),
    pem: text,
  };
}
