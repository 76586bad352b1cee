// http.tls: halves, versions, cipher suites and client certificates.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecureContext } from "node:tls";
import { complaints, file, read } from "./reading.ts";

const HALVES = "certificate: c, key: k";

const tls = (members: string, more = "") => file(`http: { tls: { ${members} } }`, more);

const tlsOf = (members: string) => read({ yaml: tls(`${HALVES}, ${members}`) }).config.http.tls;

test("a certificate and its key are enough", () => {
  assert.deepEqual(read({ yaml: tls(HALVES) }).config.http.tls, {
    certificate: "c",
    key: "k",
    clientCas: [],
    clientAuth: "require-and-verify-client-cert",
    minimumVersion: "TLSv1.2",
    cipherSuites: [],
  });
  assert.equal(read({ yaml: file("http: { tls: {} }") }).config.http.tls, undefined);
});

/** Go's own list: pkg.go.dev/crypto/tls, CipherSuites and InsecureCipherSuites, without RC4 and 3DES. */
const GO_NAMES = `
  TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256
  TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA256
  TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_GCM_SHA384
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305
`
  .trim()
  .split(/\s+/);

for (const name of GO_NAMES) {
  test(`${name} is a suite that OpenSSL takes by the name it becomes`, () => {
    const suites = tlsOf(`ciphersuites: [${name}]`)?.cipherSuites ?? [];
    assert.ok(suites.length > 0);
    assert.doesNotThrow(() => createSecureContext({ ciphers: suites.join(":") }));
    const own = suites.filter((suite) => !suite.startsWith("TLS_"));
    assert.equal(own.length, name.includes("_WITH_") ? 1 : 0);
  });
}

test("suites are given in OpenSSL's names, and TLS 1.3 stays", () => {
  assert.deepEqual(
    tlsOf("ciphersuites: [ecdhe-rsa-aes256-gcm-sha384, TLS_RSA_WITH_AES_128_CBC_SHA]")?.cipherSuites,
    [
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "AES128-SHA",
    ],
  );
  assert.deepEqual(tlsOf("ciphersuites: [TLS_AES_256_GCM_SHA384]")?.cipherSuites, ["TLS_AES_256_GCM_SHA384"]);
});

// Each is wrong; the one complaint must match.
const WRONG: readonly (readonly [string, RegExp])[] = [
  ["certificate: c", /http\.tls key is missing; certificate and key belong together/],
  ["key: k", /http\.tls certificate is missing/],
  ["certificate: '', key: k", /http\.tls\.certificate expected the path of a file, found ""/],
  [
    "minimumtls: tls1.3",
    /http\.tls certificate and key are missing, so that .* would not speak TLS in spite of minimumtls/,
  ],
  ["clientcas: [ca]", /would not speak TLS in spite of clientcas/],
  [
    `${HALVES}, minimumtls: tls1.1`,
    /minimumtls expected tls1\.2 or tls1\.3, found "tls1\.1"; it can be broken/,
  ],
  [`${HALVES}, minimumtls: 1.3`, /minimumtls expected tls1\.2 or tls1\.3, found 1\.3$/],
  [
    `${HALVES}, clientauth: request-client-cert`,
    /http\.tls\.clientauth no client is asked .*http\.tls\.clientcas/,
  ],
  [
    `${HALVES}, clientcas: [ca], clientauth: require`,
    /clientauth expected require-and-verify-client-cert, verify/,
  ],
  [
    `${HALVES}, ciphersuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265]`,
    /did you mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\?/,
  ],
  [`${HALVES}, ciphersuites: [ECDHE-RSA-AES256-GCM-SHA385]`, /ciphersuites\.0 .*ECDHE-RSA-AES256-GCM-SHA384/],
  [
    `${HALVES}, ciphersuites: [TLS_RSA_WITH_RC4_128_SHA]`,
    /"TLS_RSA_WITH_RC4_128_SHA" is broken and not offered/,
  ],
  [`${HALVES}, ciphersuites: [TLS_RSA_WITH_3DES_EDE_CBC_SHA]`, /is broken and not offered/],
  [`${HALVES}, ciphersuites: [DES-CBC3-SHA]`, /is broken and not offered/],
  [`${HALVES}, ciphersuites: ['HIGH:!aNULL']`, /is broken|is no known cipher suite/],
  [
    `${HALVES}, letsencrypt: { email: e }`,
    /http\.tls\.letsencrypt certificates are not fetched by Stowage; put a proxy in front/,
  ],
];
for (const [members, message] of WRONG) {
  test(`tls: { ${members} } is refused`, () => {
    const found = complaints({ yaml: tls(members) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", message);
  });
}

test("certificates are an identity only where they are verified", () => {
  const yaml = (auth: string) =>
    tls(`${HALVES}, clientcas: [ca], clientauth: ${auth}`, "auth: { certificates: { groups: [machines] } }");
  for (const mode of ["require-and-verify-client-cert", "verify-client-cert-if-given"]) {
    const { auth } = read({ yaml: yaml(mode) }).config;
    assert.deepEqual(auth.certificates, { identity: "cn", groups: ["machines"] });
  }
  for (const mode of ["require-any-client-cert", "request-client-cert"]) {
    const found = complaints({ yaml: yaml(mode) });
    assert.equal(found.length, 1);
    assert.match(
      found[0] ?? "",
      /auth\.certificates with .* are not verified, so that anybody could make one/,
    );
  }
  const found = complaints({
    yaml: tls(`${HALVES}, clientcas: [ca]`, "auth: { certificates: { identity: san } }"),
  });
  assert.match(
    found.join("\n"),
    /auth\.certificates\.identity expected subject, cn, dns, email, uri, found "san"/,
  );
});
