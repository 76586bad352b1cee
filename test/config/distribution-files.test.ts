// Files as they run classic registries: each starts Stowage, or is refused for
// exactly the reasons that matter.
import assert from "node:assert/strict";
import { test } from "node:test";
import { complaints, file, problemsOf, read } from "./reading.ts";

/** What the image of distribution 2.8 and 3 ships, but for the door: it listens on all interfaces. */
const SHIPPED = `
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;

test("the shipped file starts once it says that nobody is asked for a password", () => {
  assert.deepEqual(
    problemsOf({ yaml: SHIPPED }).map(({ path }) => path),
    ["http.addr"],
  );
  const { config, withoutEffect } = read({ yaml: SHIPPED, environment: { REGISTRY_AUTH: "none" } });
  assert.deepEqual(config.storage, { kind: "filesystem", rootDirectory: "/var/lib/registry" });
  assert.deepEqual(config.http.address, { host: "", port: 5000 });
  assert.deepEqual(config.http.headers, { "X-Content-Type-Options": ["nosniff"] });
  assert.deepEqual(config.blobDescriptorCache, { entries: 10_000 });
  assert.deepEqual(config.health.storage, { intervalMs: 10_000, threshold: 3, minFreeBytes: 268_435_456 });
  assert.deepEqual(withoutEffect, []);
});

const DEVELOPMENT = `
version: 0.1
log:
  level: debug
storage:
    filesystem:
        rootdirectory: /var/lib/registry
http:
    addr: localhost:5000
    secret: asecretforlocaldevelopment
    debug:
        addr: localhost:5001
`;

test("the example for local development starts as it is", () => {
  const { config, withoutEffect } = read({ yaml: DEVELOPMENT });
  assert.equal(config.log.level, "debug");
  assert.deepEqual(config.http.address, { host: "localhost", port: 5000 });
  assert.deepEqual(config.debug.address, { host: "localhost", port: 5001 });
  assert.deepEqual(withoutEffect, ["http.secret"]);
});

const WEBHOOK = `
version: 0.1
http: { addr: "localhost:5000" }
notifications:
    events:
        includereferences: true
    endpoints:
        - name: local-5003
          url: http://localhost:5003/callback
          headers:
             Authorization: [Bearer <an example token>]
          timeout: 1s
          threshold: 10
          backoff: 1s
          disabled: true
        - name: local-8083
          url: http://localhost:8083/callback
          timeout: 500ms
          threshold: 10
          backoff: 1s
`;

test("the example with webhooks starts as it is, the disabled one too", () => {
  const { config, withoutEffect } = read({ yaml: WEBHOOK });
  assert.deepEqual(withoutEffect, []);
  assert.deepEqual(
    config.notifications.endpoints.map(({ name, disabled, timeoutMs }) => ({ name, disabled, timeoutMs })),
    [
      { name: "local-5003", disabled: true, timeoutMs: 1000 },
      { name: "local-8083", disabled: false, timeoutMs: 500 },
    ],
  );
});

/** All that distribution 3 knows and Stowage accepts, on one local disk. */
const LOCAL_DISK = `
version: 0.1
log:
  accesslog: { disabled: true }
  level: debug
  formatter: text
  reportcaller: true
  fields: { service: registry, environment: staging }
  hooks:
    - type: mail
      disabled: true
      levels: [panic]
      options:
        smtp: { addr: mail.example.com:25, username: u, password: p, insecure: true }
        from: sender@example.com
        to: [errors@example.com]
loglevel: debug
storage:
  filesystem: { rootdirectory: /var/lib/registry, maxthreads: 100 }
  tag: { concurrencylimit: 8 }
  delete: { enabled: false }
  redirect: { disable: false }
  cache: { blobdescriptor: inmemory, blobdescriptorsize: 20000 }
  maintenance:
    uploadpurging: { enabled: true, age: 168h, interval: 24h, dryrun: false }
    readonly: { enabled: false }
auth: { none: {} }
middleware: { registry: [], repository: [], storage: [] }
catalog: { maxentries: 1000 }
tags: { maxtags: 1000 }
http:
  addr: :5000
  net: tcp
  secret: asecretforlocaldevelopment
  relativeurls: false
  draintimeout: 60s
  debug: { addr: "localhost:5001", prometheus: { enabled: true, path: /metrics } }
  headers: { X-Content-Type-Options: [nosniff] }
  http2: { disabled: false }
  h2c: { enabled: false }
notifications:
  events: { includereferences: true }
  endpoints:
    - name: alistener
      disabled: false
      url: https://my.listener.com/event
      headers: { Authorization: [Bearer token] }
      timeout: 1s
      threshold: 10
      backoff: 1s
      ignoredmediatypes: [application/octet-stream]
      ignore: { mediatypes: [application/octet-stream], actions: [pull] }
redis:
  addrs: [localhost:6379]
  password: asecret
  dialtimeout: 10ms
health:
  storagedriver: { enabled: true, interval: 10s, threshold: 3 }
  file: [{ file: /path/to/checked/file, interval: 10s }]
  http: [{ uri: "http://server/", headers: { Authorization: [Basic x] }, statuscode: 200 }]
  tcp: [{ addr: "redis:6379", timeout: 3s }]
validation:
  disabled: false
  manifests: { indexes: { platforms: all, platformlist: [{ architecture: amd64, os: linux }] } }
policy: { repository: { classes: [image] } }
`;

test("a full file for one local disk starts, and what has no effect is listed", () => {
  const { config, withoutEffect } = read({ yaml: LOCAL_DISK });
  assert.equal(config.http.drainTimeoutMs, 60_000);
  assert.equal(config.notifications.includeReferences, true);
  assert.deepEqual(config.blobDescriptorCache, { entries: 20_000 });
  assert.deepEqual(config.uploadPurging, {
    enabled: true,
    ageMs: 604_800_000,
    intervalMs: 86_400_000,
    dryRun: false,
  });
  const [webhook] = config.notifications.endpoints;
  assert.equal(webhook?.url, "https://my.listener.com/event");
  assert.deepEqual(webhook.ignoredMediaTypes, ["application/octet-stream"]);
  assert.deepEqual([...withoutEffect].sort(), [
    "http.h2c.enabled",
    "http.http2.disabled",
    "http.secret",
    "log.reportcaller",
    "policy.repository.classes",
    "redis",
    "storage.filesystem.maxthreads",
    "storage.redirect.disable",
    "storage.tag.concurrencylimit",
    "validation.disabled",
    "validation.manifests.indexes.platformlist",
  ]);
});

test("an older file with sections that distribution dropped starts", () => {
  const yaml =
    "version: 0.1\nreporting: { bugsnag: { apikey: k } }\ncompatibility: { schema1: { enabled: true } }\n" +
    "redis: { addr: 'localhost:6379', pool: { maxidle: 16 } }\nstorage: { cache: { layerinfo: inmemory } }\n";
  const { config, withoutEffect } = read({ yaml });
  assert.equal(config.schema1, true);
  assert.deepEqual([...withoutEffect].sort(), ["redis", "reporting"]);
});

const HTPASSWD = `
version: 0.1
storage: { filesystem: { rootdirectory: /var/lib/registry } }
http:
  addr: 0.0.0.0:5000
  net: tcp
  host: https://myregistryaddress.org:5000
  prefix: /my/nested/registry/
  relativeurls: true
  tls:
    certificate: /path/to/x509/public
    key: /path/to/x509/private
    clientcas: [/path/to/ca.pem, /path/to/another/ca.pem]
    clientauth: require-and-verify-client-cert
    minimumtls: tls1.3
    ciphersuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]
auth:
  htpasswd:
    realm: basic-realm
    path: /path/to/htpasswd
`;

test("a file with passwords, TLS and a name of its own starts as it is", () => {
  const { config, withoutEffect, warnings } = read({ yaml: HTPASSWD });
  assert.deepEqual([withoutEffect, warnings], [[], []]);
  assert.deepEqual(config.auth, {
    mode: "guarded",
    realm: "basic-realm",
    service: "stowage",
    htpasswd: { path: "/path/to/htpasswd" },
    accessTokens: {},
    oidc: [],
    gateways: [],
  });
  const { address, tls, publicUrl, prefix, relativeUrls } = config.http;
  assert.deepEqual(
    { address, publicUrl, prefix, relativeUrls },
    {
      address: { host: "0.0.0.0", port: 5000 },
      publicUrl: "https://myregistryaddress.org:5000",
      prefix: "/my/nested/registry",
      relativeUrls: true,
    },
  );
  assert.deepEqual(tls, {
    certificate: "/path/to/x509/public",
    key: "/path/to/x509/private",
    clientCas: ["/path/to/ca.pem", "/path/to/another/ca.pem"],
    clientAuth: "require-and-verify-client-cert",
    minimumVersion: "TLSv1.3",
    cipherSuites: ["ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_256_GCM_SHA384"],
  });
});

const TOKEN = `
version: 0.1
storage: { filesystem: { rootdirectory: /var/lib/registry } }
http: { net: unix, addr: /run/registry.sock }
auth:
  token:
    autoredirect: true
    realm: https://auth.example.com/token
    service: token-service
    issuer: registry-token-issuer
    rootcertbundle: /root/certs/bundle
    jwks: /path/to/jwks
    signingalgorithms: [EdDSA, HS256]
`;

test("a file with a token server starts as it is", () => {
  const { config, withoutEffect } = read({ yaml: TOKEN });
  assert.deepEqual(withoutEffect, []);
  assert.deepEqual(config.http.address, { path: "/run/registry.sock" });
  assert.equal(config.auth.issuer, undefined);
  assert.deepEqual(config.auth.token, {
    realm: "https://auth.example.com/token",
    service: "token-service",
    issuer: "registry-token-issuer",
    rootCertBundle: "/root/certs/bundle",
    jwks: "/path/to/jwks",
    signingAlgorithms: ["EdDSA", "HS256"],
    autoRedirect: true,
    autoRedirectPath: "/auth/token",
  });
});

/** Everything at once that Stowage cannot do. */
const TOO_MUCH = `
version: 0.1
storage:
  s3: { region: us-west-1, bucket: b, accesskey: k, secretkey: s }
  cache: { blobdescriptor: redis }
http:
  addr: localhost:5000
  tls: { certificate: /c, key: /k, minimumtls: tls1.0, letsencrypt: { hosts: [myregistryaddress.org] } }
middleware:
  storage:
    - name: cloudfront
      options: { baseurl: "https://d111111abcdef8.cloudfront.net", privatekey: /pem }
proxy: { remoteurl: "https://registry-1.docker.io", username: u, password: p, ttl: 168h }
validation:
  manifests: { urls: { allow: ["^https?://x"], deny: ["^https?://y"] }, indexes: { platforms: List } }
`;

test("a file that asks for what Stowage cannot do is refused for all of it at once", () => {
  const paths = problemsOf({ yaml: TOO_MUCH }).map(({ path }) => path);
  assert.deepEqual(paths.sort(), [
    "http.tls.letsencrypt",
    "http.tls.minimumtls",
    "middleware.storage",
    "proxy",
    "storage.cache.blobdescriptor",
    "storage.s3",
    "validation.manifests.indexes.platforms",
    "validation.manifests.urls.allow",
    "validation.manifests.urls.deny",
  ]);
});

test("no complaint quotes a secret", () => {
  const yaml = TOO_MUCH.replace("secretkey: s ", "secretkey: hush ").replace("password: p", "password: hush");
  assert.doesNotMatch(JSON.stringify(problemsOf({ yaml })), /hush/);
  const wrongKind = complaints({ yaml: file("http: { secret: [hush] }") });
  assert.deepEqual(wrongKind, ["config.yml:2:9 http.secret expected text, found something else"]);
});
