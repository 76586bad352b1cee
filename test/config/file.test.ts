import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { complaints, file, problemsOf, read } from "./reading.ts";

const DEFAULTS: Config = {
  log: { level: "info", formatter: "text", fields: {}, accessLog: true, hooks: [] },
  storage: { kind: "filesystem", rootDirectory: "./stowage-data" },
  http: {
    address: { host: "127.0.0.1", port: 5000 },
    prefix: "",
    relativeUrls: false,
    trustedProxies: [],
    proxyProtocol: false,
    drainDelayMs: 0,
    drainTimeoutMs: 30_000,
    headers: {},
    corsOrigins: [],
    headerTimeoutMs: 60_000,
    idleTimeoutMs: 75_000,
    progressTimeoutMs: 60_000,
    maxConnections: 10_000,
    maxConnectionsPerAddress: 2000,
    maxStreams: 256,
    maxHeaderSize: 32_768,
    maxUploads: 512,
    rates: { principal: 0, address: 0, burst: 10 },
  },
  debug: { profiles: "local" },
  health: {
    storage: { intervalMs: 10_000, threshold: 1, minFreeBytes: 268_435_456 },
    files: [],
    http: [],
    tcp: [],
  },
  auth: { mode: "open", realm: "Registry", service: "stowage", accessTokens: {}, oidc: [], gateways: [] },
  notifications: { includeReferences: false, endpoints: [] },
  events: {
    pulls: { enabled: true, head: false },
    retention: { ageMs: 2_592_000_000, count: 10_000_000, holdMs: 2_592_000_000 },
  },
  deleteEnabled: false,
  trashAgeMs: 604_800_000,
  referencedDeletion: "refuse",
  tagHistoryMs: 7_776_000_000,
  gc: { enabled: true, graceMs: 86_400_000, intervalMs: 60_000, rate: 200 },
  scrub: { enabled: false, intervalMs: 2_592_000_000, rate: 20_971_520 },
  uploadPurging: { enabled: true, ageMs: 604_800_000, intervalMs: 86_400_000, dryRun: false },
  readOnly: false,
  blobDescriptorCache: { entries: 10_000 },
  schema1: false,
  retention: { rules: [] },
  sparseIndexes: false,
  catalogMaxEntries: 1000,
  quotas: [],
  tagsMaxEntries: 1000,
};

test("without a file and variables the defaults hold, and only this machine can connect", () => {
  assert.deepEqual(read({}).config, DEFAULTS);
  assert.deepEqual(read({ yaml: file() }).config, DEFAULTS);
});

test("the configuration is frozen to its depth", () => {
  const { config } = read({ yaml: file("http: { headers: { X-A: [a, b] } }") });
  assert.ok(Object.isFrozen(config));
  assert.ok(Object.isFrozen(config.http.headers["X-A"]));
});

test("every key that acts reaches the configuration", () => {
  const yaml = file(
    "log: { level: debug, formatter: json, fields: { service: registry, shard: 3, test: true }, accesslog: { disabled: true } }",
    "storage:",
    "  filesystem: { rootdirectory: /var/lib/registry }",
    "  delete: { enabled: true, trash: 0, referenced: allow }",
    "  tag: { history: 30d }",
    "  cache: { blobdescriptor: inmemory, blobdescriptorsize: 0 }",
    "  maintenance:",
    "    gc: { enabled: false, grace: 2d, interval: 10s, rate: 0 }",
    "    scrub: { enabled: true, interval: 1w, rate: 1MB }",
    "    uploadpurging: { enabled: false, age: 1h, interval: 5m, dryrun: true }",
    "    readonly: { enabled: true }",
    "retention: { interval: 1d, untagged: 3d, rules: [{ repositories: a, keep: { newest: 1 } }] }",
    "compatibility: { schema1: { enabled: true } }",
    "http:",
    "  addr: '[::1]:5001'",
    "  draintimeout: 1m30s",
    "  headers: { X-Content-Type-Options: [nosniff], X-One: one }",
    "  timeouts: { header: 5s, idle: 1.5m, progress: 500ms }",
    "  limits: { connections: 10, streams: 20 }",
    "  cors: { origins: ['https://UI.example.com:443', 'http://[::1]:3000', '*'] }",
    "notifications: { events: { includereferences: true } }",
    "events: { pulls: { enabled: false, head: true }, retention: { age: 1h, count: 5, hold: 0 } }",
    "catalog: { maxentries: 7 }",
    "tags: { maxtags: 8 }",
    "validation: { manifests: { indexes: { platforms: None } } }",
  );
  assert.deepEqual(read({ yaml }).config, {
    log: {
      level: "debug",
      formatter: "json",
      fields: { service: "registry", shard: 3, test: true },
      accessLog: false,
      hooks: [],
    },
    storage: { kind: "filesystem", rootDirectory: "/var/lib/registry" },
    http: {
      ...DEFAULTS.http,
      address: { host: "::1", port: 5001 },
      drainTimeoutMs: 90_000,
      headers: { "X-Content-Type-Options": ["nosniff"], "X-One": ["one"] },
      corsOrigins: ["https://ui.example.com", "http://[::1]:3000", "*"],
      headerTimeoutMs: 5000,
      idleTimeoutMs: 90_000,
      progressTimeoutMs: 500,
      maxConnections: 10,
      maxStreams: 20,
    },
    debug: DEFAULTS.debug,
    health: DEFAULTS.health,
    auth: DEFAULTS.auth,
    notifications: { includeReferences: true, endpoints: [] },
    events: {
      pulls: { enabled: false, head: true },
      retention: { ageMs: 3_600_000, count: 5, holdMs: 0 },
    },
    deleteEnabled: true,
    trashAgeMs: 0,
    referencedDeletion: "allow",
    tagHistoryMs: 2_592_000_000,
    gc: { enabled: false, graceMs: 172_800_000, intervalMs: 10_000, rate: 0 },
    scrub: { enabled: true, intervalMs: 604_800_000, rate: 1_000_000 },
    uploadPurging: { enabled: false, ageMs: 3_600_000, intervalMs: 300_000, dryRun: true },
    readOnly: true,
    blobDescriptorCache: { entries: 0 },
    schema1: true,
    retention: {
      intervalMs: 86_400_000,
      untaggedMs: 259_200_000,
      rules: [{ name: "rule 1", repositories: ["a"], tags: ["**"], keep: { newest: 1 } }],
    },
    quotas: [],
    sparseIndexes: true,
    catalogMaxEntries: 7,
    tagsMaxEntries: 8,
  });
});

test("retention without limits has none", () => {
  const { events } = read({ yaml: file("events: { retention: { age: 0, count: 0, hold: 0 } }") }).config;
  assert.deepEqual(events.retention, { holdMs: 0 });
});

const MEMORY = ["storage: inmemory", "storage: { inmemory: }", "storage: { inmemory: {} }"];
for (const line of MEMORY) {
  test(`"${line}" chooses memory`, () => {
    assert.deepEqual(read({ yaml: file(line) }).config.storage, { kind: "memory" });
  });
}

test("the old loglevel counts only where log.level is absent", () => {
  assert.equal(read({ yaml: file("loglevel: warn") }).config.log.level, "warn");
  assert.equal(read({ yaml: file("loglevel: warn", "log: { level: error }") }).config.log.level, "error");
});

test("sections and keys with nothing behind the colon are as if they were not there", () => {
  assert.deepEqual(
    read({ yaml: file("log:", "http:", "  addr:", "storage:", "  delete:") }).config,
    DEFAULTS,
  );
});

test("anchors and merges of YAML work", () => {
  const yaml = file("log: { fields: &all { a: 1 } }", "http: { headers: { <<: { X-A: [b] } } }");
  assert.deepEqual(read({ yaml }).config.http.headers, { "X-A": ["b"] });
});

// Each line is wrong; the complaint must match.
const WRONG: readonly (readonly [string, RegExp])[] = [
  ["htp: {}", /^config\.yml:2:1 htp unknown key; did you mean http\?$/],
  ["http: { adr: x }", /^config\.yml:2:9 http\.adr unknown key; did you mean http\.addr\?$/],
  ["addr: :5000", /addr unknown key; .*http\.addr/],
  ["http.addr: :5000", /unknown key; write "http: \{addr" as maps within maps/],
  ["storage: { filesystem: { root: /data } }", /unknown key; .*storage\.filesystem\.rootdirectory/],
  ["storage: { floppy: {} }", /storage\.floppy unknown key/],
  [
    "storage: { inmemory: {}, filesystem: {} }",
    /storage inmemory and filesystem are both there; keep one driver/,
  ],
  ["log: { level: loud }", /log\.level expected error, warn, info or debug, found "loud"/],
  ["log: { fields: { a: [1] } }", /log\.fields\.a expected a map of names.*found \[1\]/],
  ["log: 3", /^config\.yml:2:1 log expected a map of keys, found 3$/],
  [
    "storage: { delete: { enabled: yes please } }",
    /storage\.delete\.enabled expected true or false, found "yes please"/,
  ],
  ["storage: { filesystem: { rootdirectory: '' } }", /expected the path of a directory, found ""/],
  ["http: { addr: nonsense }", /http\.addr expected HOST:PORT.*found "nonsense"/],
  ["http: { addr: 'localhost:99999' }", /http\.addr expected HOST:PORT/],
  ["http: { addr: '127.0.0.1.5:80' }", /http\.addr expected HOST:PORT/],
  [
    "http: { draintimeout: 60 }",
    /http\.draintimeout expected a duration.*found 60; it has no unit; for seconds write "60s"/,
  ],
  ["http: { draintimeout: '60' }", /for seconds write "60s"/],
  ["http: { draintimeout: 1000000000 }", /has no unit; for as many nanoseconds write "1s"/],
  ["http: { draintimeout: 500000000 }", /has no unit; for as many nanoseconds write "500ms"/],
  ["http: { draintimeout: 3 days }", /http\.draintimeout expected a duration.*"7d", found "3 days"$/],
  ["http: { draintimeout: 5 minutes }", /http\.draintimeout expected a duration.*found "5 minutes"$/],
  ["http: { draintimeout: -5s }", /http\.draintimeout expected a duration/],
  ["http: { headers: { 'X A': [b] } }", /http\.headers\.X A expected a map of header names/],
  ['http: { headers: { X-A: ["b\\nc"] } }', /http\.headers\.X-A\.0 expected a map of header names/],
  ["catalog: { maxentries: 0 }", /catalog\.maxentries expected a whole number, at least 1, found 0/],
  ["tags: { maxtags: many }", /tags\.maxtags expected a whole number, at least 1, found "many"/],
  [
    "validation: { manifests: { indexes: { platforms: List } } }",
    /found "List"; a choice of platforms is not supported yet/,
  ],
  [
    "storage: { maintenance: { uploadpurging: { age: 168 } } }",
    /uploadpurging\.age expected a duration.*write "168s"/,
  ],
  ["events: { retention: { age: 720 } }", /events\.retention\.age expected a duration.*write "720s"/],
  ["events: { retention: { count: -1 } }", /events\.retention\.count expected a whole number.*found -1/],
  ["events: { pulls: { enable: true } }", /did you mean events\.pulls\.enabled\?/],
  ["http: { cors: { origins: ['https://ui/'] } }", /origins\.0 expected.*leave the "\/" at its end out$/],
  ["http: { cors: { origins: ['https://ui/path'] } }", /origins\.0 expected a list of origins/],
  ["http: { cors: { origins: ['https://*.example.com'] } }", /origins\.0 expected a list of origins/],
  ["http: { cors: { origins: ['https://u@ui'] } }", /origins\.0 expected a list of origins/],
  ["http: { cors: { origins: [ui.example.com] } }", /origins\.0 expected a list of origins/],
  ["http: { cors: { origins: ['null'] } }", /origins\.0 expected a list of origins/],
  ["http: { addr: a, addr: b }", /Map keys must be unique/],
  ["http: [", /^config\.yml:\d+:\d+ /],
  ["log: *nowhere", /^config\.yml:2:6 Unresolved alias \([^)]*\)$/],
];
for (const [line, expected] of WRONG) {
  test(`"${line}" is refused with a reason`, () => {
    const found = complaints({ yaml: file(line) });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

// Asking for what Stowage cannot do must not pass in silence.
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["storage: { s3: { bucket: b } }", "storage.s3", /use storage\.filesystem/],
  ["storage: s3", "storage.s3", /use storage\.filesystem/],
  ["storage: { azure: { accountkey: k } }", "storage.azure", /use storage\.filesystem/],
  ["storage: { gcs: { bucket: b } }", "storage.gcs", /use storage\.filesystem/],
  ["http: { tls: { letsencrypt: { email: e } } }", "http.tls.letsencrypt", /proxy in front/],
  ["proxy: { remoteurl: 'https://r.example' }", "proxy", /remove it/],
  ["middleware: { storage: [{ name: cloudfront }] }", "middleware.storage", /remove it/],
  [
    "validation: { manifests: { urls: { deny: ['^http://'] } } }",
    "validation.manifests.urls.deny",
    /not checked/,
  ],
];
for (const [line, path, message] of REFUSED) {
  test(`"${line}" is refused, for nothing would come of it`, () => {
    const [problem, ...others] = problemsOf({ yaml: file(line) });
    assert.deepEqual(others, []);
    assert.equal(problem?.path, path);
    assert.match(problem.where, /^config\.yml:2:\d+$/);
    assert.match(problem.message, message);
  });
}

const HARMLESS = [
  "notifications: { endpoints: [] }",
  "notifications: { endpoints: [{ name: a, url: 'http://x', disabled: true }] }",
  "storage: { maintenance: { readonly: { enabled: false } } }",
  "http: { net: tcp, prefix: '', host: '', relativeurls: false }",
  "http: { tls: { clientcas: [], letsencrypt: { cachefile: '', email: '', hosts: [] } } }",
  "middleware: { registry: [{ name: a, disabled: true }] }",
  "validation: { manifests: { urls: { allow: [] } } }",
];
for (const line of HARMLESS) {
  test(`"${line}" asks for nothing and passes without a warning`, () => {
    assert.deepEqual(read({ yaml: file(line) }).withoutEffect, []);
  });
}

test("all problems of a file are reported at once, each with its place", () => {
  const yaml = "log:\n  level: loud\nhttp:\n  adr: :5000\n  draintimeout: 5\nauth:\n  token: {}\n";
  const places = problemsOf({ yaml }).map(({ where, path }) => `${where} ${path}`);
  assert.deepEqual(places.sort(), [
    "config.yml version",
    "config.yml:2:3 log.level",
    "config.yml:4:3 http.adr",
    "config.yml:5:3 http.draintimeout",
    "config.yml:7:3 auth.token",
  ]);
});

test("a place inside a list is named by its index", () => {
  const yaml = file("http:", "  headers:", "    X-A:", "      - fine", '      - "not\\nfine"');
  assert.match(
    complaints({ yaml })[0] ?? "",
    /^config\.yml:6:9 http\.headers\.X-A\.1 |^config\.yml:4:5 http\.headers\.X-A /,
  );
});

test("a file that is no map, has no version, or does not exist is refused", () => {
  assert.match(complaints({ yaml: "" })[0] ?? "", /must hold a map/);
  assert.match(complaints({ yaml: "- a" })[0] ?? "", /must hold a map/);
  assert.match(
    complaints({ yaml: "log: {}" })[0] ?? "",
    /version it is missing; begin the file with "version: 0\.1"/,
  );
  assert.match(complaints({ yaml: "version: 0.2" })[0] ?? "", /version expected 0\.1, found 0\.2/);
  const nowhere = complaints({ environment: { REGISTRY_CONFIGURATION_PATH: "nowhere.yml" } });
  assert.deepEqual(nowhere, ["nowhere.yml the file cannot be read: there is no such file"]);
});
