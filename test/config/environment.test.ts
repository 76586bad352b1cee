import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS } from "../../src/config/keys.ts";
import { resolveVariable, variableName } from "../../src/config/variable-name.ts";
import { complaints, file, read } from "./reading.ts";

test("every key but the version has a variable, and no two keys share one", () => {
  const paths = [...KEYS.keys()].filter((path) => path !== "version");
  for (const path of paths) {
    const variable = resolveVariable(variableName(path));
    assert.deepEqual(variable?.path, path.split("."), path);
    assert.equal(variable.fromFile, false);
  }
  assert.equal(new Set(paths.map(variableName)).size, paths.length);
  assert.equal(resolveVariable("REGISTRY_VERSION"), undefined);
});

test("variables win over the file", () => {
  const yaml = file("http: { addr: 'localhost:1' }", "log: { level: error, fields: { a: 1 } }");
  const environment = { REGISTRY_HTTP_ADDR: "[::1]:2", REGISTRY_LOG_LEVEL: "debug" };
  const { config } = read({ yaml, environment });
  assert.deepEqual(config.http.address, { host: "::1", port: 2 });
  assert.equal(config.log.level, "debug");
  assert.deepEqual(config.log.fields, { a: 1 });
});

test("variables alone are enough, and are YAML unless the key is text", () => {
  const { config } = read({
    environment: {
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "2026",
      REGISTRY_STORAGE_DELETE_ENABLED: "true",
      REGISTRY_CATALOG_MAXENTRIES: "12",
      REGISTRY_HTTP_DRAINTIMEOUT: "2m",
      REGISTRY_LOG_FIELDS: "{a: 1, b: two}",
      PATH: "/bin",
    },
  });
  assert.deepEqual(config.storage, { kind: "filesystem", rootDirectory: "2026" });
  assert.equal(config.deleteEnabled, true);
  assert.equal(config.catalogMaxEntries, 12);
  assert.equal(config.http.drainTimeoutMs, 120_000);
  assert.deepEqual(config.log.fields, { a: 1, b: "two" });
});

test("free names follow their map, whole maps come before single names", () => {
  const { config } = read({
    environment: {
      REGISTRY_LOG_FIELDS: "{service: registry, gone: true}",
      REGISTRY_LOG_FIELDS_MY_NAME: "x",
      REGISTRY_LOG_FIELDS_GONE: "false",
      REGISTRY_HTTP_HEADERS_X_CONTENT_TYPE_OPTIONS: "[nosniff]",
      REGISTRY_HTTP_HEADERS_X_FRAME_OPTIONS: "DENY",
    },
  });
  assert.deepEqual(config.log.fields, { service: "registry", gone: false, my_name: "x" });
  assert.deepEqual(config.http.headers, {
    "x-content-type-options": ["nosniff"],
    "x-frame-options": ["DENY"],
  });
});

test("list elements are set by their index, the next free one appends, a gap is refused", () => {
  const yaml = file("notifications: { endpoints: [{ name: a }] }");
  const disable = { REGISTRY_NOTIFICATIONS_ENDPOINTS_0_DISABLED: "true" };
  assert.ok(read({ yaml, environment: disable }));
  const append = { ...disable, REGISTRY_NOTIFICATIONS_ENDPOINTS_1: "{name: b, disabled: true}" };
  const { endpoints } = read({ yaml, environment: append }).config.notifications;
  assert.deepEqual(
    endpoints.map(({ name, disabled }) => [name, disabled]),
    [
      ["a", true],
      ["b", true],
    ],
  );
  const gap = complaints({
    yaml,
    environment: { ...disable, REGISTRY_NOTIFICATIONS_ENDPOINTS_3_DISABLED: "true" },
  });
  assert.deepEqual(gap, [
    "REGISTRY_NOTIFICATIONS_ENDPOINTS_3_DISABLED notifications.endpoints.3.disabled " +
      "notifications.endpoints has 1 element; the next index is 1",
  ]);
});

test("one word chooses the driver, replaces the one before, and keeps the options beside it", () => {
  const yaml = file(
    "storage: { filesystem: { rootdirectory: /data }, delete: { enabled: true } }",
    "auth: silly",
  );
  const { config } = read({ yaml, environment: { REGISTRY_STORAGE: "inmemory", REGISTRY_AUTH: "none" } });
  assert.deepEqual(config.storage, { kind: "memory" });
  assert.equal(config.deleteEnabled, true);
});

test("distribution's name of a variable works beside ours", () => {
  const theirs = { REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: "true" };
  assert.equal(read({ environment: theirs }).config.notifications.includeReferences, true);
  const wrong = complaints({ environment: { REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: "x" } });
  assert.match(
    wrong[0] ?? "",
    /^REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES notifications\.events\./,
  );
});

test("elements of lists of text are text, whatever YAML would make of them", () => {
  const environment = { REGISTRY_HTTP_CORS_ORIGINS_0: "*", REGISTRY_HTTP_CORS_ORIGINS_1: "http://[::1]:1" };
  assert.deepEqual(read({ environment }).config.http.corsOrigins, ["*", "http://[::1]:1"]);
  assert.deepEqual(read({ environment: { REGISTRY_HTTP_CORS_ORIGINS: "['*']" } }).config.http.corsOrigins, [
    "*",
  ]);
});

test("_FILE reads the value from a file, without the line break at its end", () => {
  const files = { "/run/a": "/data\n", "/run/b": "7\r\n" };
  const { config } = read({
    environment: {
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY_FILE: "/run/a",
      REGISTRY_TAGS_MAXTAGS_FILE: "/run/b",
    },
    files,
  });
  assert.deepEqual(config.storage, { kind: "filesystem", rootDirectory: "/data" });
  assert.equal(config.tagsMaxEntries, 7);
});

test("health.file ends in FILE by its own name", () => {
  const check = { file: "/x", intervalMs: 10_000, threshold: 1 };
  const health = (environment: Record<string, string>, files = {}) =>
    read({ environment, files }).config.health.files;
  assert.deepEqual(health({ REGISTRY_HEALTH_FILE: "[{file: /x}]" }), [check]);
  const files = { "/run/x": "[{file: /x}]" };
  assert.deepEqual(health({ REGISTRY_HEALTH_FILE_FILE: "/run/x" }, files), [check]);
});

const WRONG: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ REGISTRY_HTP_ADDR: "x" }, /^REGISTRY_HTP_ADDR unknown variable; did you mean REGISTRY_HTTP_ADDR\?$/],
  [{ REGISTRY_ADDR: "x" }, /^REGISTRY_ADDR unknown variable; .*REGISTRY_HTTP_ADDR/],
  [{ REGISTRY_HTTP_ADDR_0: "x" }, /^REGISTRY_HTTP_ADDR_0 unknown variable/],
  [{ REGISTRY_VERSION: "0.1" }, /^REGISTRY_VERSION unknown variable/],
  [
    { REGISTRY_HTTP_CORS_ORIGINS_0: "https://ui/" },
    /^REGISTRY_HTTP_CORS_ORIGINS_0 http\.cors\.origins\.0 expected a list of origins/,
  ],
  [{ REGISTRY_PORT: "5000" }, /^REGISTRY_PORT unknown variable/],
  [
    { REGISTRY_CATALOG_MAXENTRIES: "x" },
    /^REGISTRY_CATALOG_MAXENTRIES catalog\.maxentries expected a whole number/,
  ],
  [{ REGISTRY_LOG_FIELDS: "{a" }, /^REGISTRY_LOG_FIELDS /],
  [{ REGISTRY_TAGS_MAXTAGS_FILE: "/nowhere" }, /^REGISTRY_TAGS_MAXTAGS_FILE there is no such file$/],
  [{ REGISTRY_AUTH_HTPASSWD_REALM: "r" }, /^REGISTRY_AUTH_HTPASSWD_REALM auth\.htpasswd path is missing/],
  [
    { REGISTRY_STORAGE_S3_ACCESSKEY_FILE: "/key" },
    /^REGISTRY_STORAGE_S3_ACCESSKEY_FILE storage\.s3 this storage/,
  ],
  [
    { REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS_0: "r.example" },
    /^REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS_0 http\.tls\.letsencrypt certificates are not fetched/,
  ],
];
for (const [environment, expected] of WRONG) {
  test(`${Object.entries(environment).join().replace(",", "=")} is refused with a reason`, () => {
    const found = complaints({ environment, files: { "/key": "k" } });
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", expected);
  });
}

test("a value and its file cannot both be given", () => {
  const environment = { REGISTRY_TAGS_MAXTAGS: "1", REGISTRY_TAGS_MAXTAGS_FILE: "/run/b" };
  const found = complaints({ environment, files: { "/run/b": "2" } });
  assert.deepEqual(found, [
    "REGISTRY_TAGS_MAXTAGS_FILE REGISTRY_TAGS_MAXTAGS is set as well; keep one of the two",
  ]);
});

test("an empty variable counts as not set", () => {
  assert.equal(
    read({ environment: { REGISTRY_HTTP_ADDR: "", REGISTRY_CONFIGURATION_PATH: "" } }).path,
    undefined,
  );
});

test("variables that Kubernetes makes for a Service are passed over", () => {
  const environment = {
    REGISTRY_PORT: "tcp://10.0.0.1:5000",
    REGISTRY_PORT_5000_TCP: "tcp://10.0.0.1:5000",
    REGISTRY_PORT_5000_TCP_ADDR: "10.0.0.1",
    REGISTRY_PORT_5000_TCP_PORT: "5000",
    REGISTRY_PORT_5000_TCP_PROTO: "tcp",
    REGISTRY_SERVICE_HOST: "10.0.0.1",
    REGISTRY_SERVICE_PORT: "5000",
    REGISTRY_SERVICE_PORT_HTTP: "5000",
    REGISTRY_UI_SERVICE_HOST: "10.0.0.2",
    REGISTRY_UI_PORT: "tcp://10.0.0.2:80",
    REGISTRY_UI_PORT_80_TCP_ADDR: "10.0.0.2",
  };
  assert.deepEqual(read({ environment }).withoutEffect, []);
});

test("REGISTRY_CONFIGURATION_PATH names the file when nothing else does", () => {
  const files = { "other.yml": "version: 0.1\ntags: { maxtags: 3 }\n" };
  const loaded = read({ environment: { REGISTRY_CONFIGURATION_PATH: "other.yml" }, files });
  assert.equal(loaded.path, "other.yml");
  assert.equal(loaded.config.tagsMaxEntries, 3);
});
