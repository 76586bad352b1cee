// Webhooks: what an endpoint may say, what it becomes, and that its secrets stay secret.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookConfig } from "../../src/config/config.ts";
import { complaints, file, read, type Source } from "./reading.ts";

const KEY = Buffer.alloc(24, "hush");
const SECRET = `whsec_${KEY.toString("base64")}`;
const OTHER = Buffer.alloc(64, "hash");

const DEFAULTS: WebhookConfig = {
  name: "a",
  disabled: false,
  url: "http://x/",
  headers: {},
  timeoutMs: 1000,
  threshold: 10,
  backoffMs: 1000,
  maxBackoffMs: 300_000,
  ignoredMediaTypes: [],
  ignoredActions: [],
  format: "v2",
  batch: 1,
  filter: { repositories: [], kinds: [], mediaTypes: [], artifactTypes: [], tags: [] },
  secrets: [],
  giveUp: { statuses: [] },
  deliveryLogSize: 50,
};

function webhooks(source: Source): readonly WebhookConfig[] {
  return read(source).config.notifications.endpoints;
}

/** A file with these endpoints, each in YAML's flow form. */
const endpoints = (...entries: readonly string[]) =>
  file("notifications:", "  endpoints:", ...entries.map((entry) => `    - ${entry}`));

/** A file with one endpoint that is right but for what is added. */
const endpoint = (more: string) => endpoints(`{ name: a, url: "http://x", ${more} }`);

test("a name and a URL are enough", () => {
  assert.deepEqual(webhooks({ yaml: endpoints("{ name: a, url: 'http://x' }") }), [DEFAULTS]);
});

test("every member of an endpoint reaches the configuration", () => {
  const yaml = endpoint(
    "headers: { X-One: one, X-Two: [a, b], X-None: [] }, timeout: 500ms, threshold: 3, backoff: 2s, " +
      "maxbackoff: 1m, format: cloudevents, batch: 100, ignoredmediatypes: [a/b], " +
      "ignore: { mediatypes: [a/b, c/d], actions: [pull, mount, pull] }, " +
      "filter: { repositories: ['team/**'], kinds: [tag_created], mediatypes: ['*/*'], artifacttypes: [x/y], tags: ['v?'] }, " +
      `signing: { secrets: [${SECRET}], secretfiles: [/run/s] }, ` +
      "giveup: { attempts: 9, age: 72h, statuses: [410, 404] }, deliveries: 7",
  );
  const files = { "/run/s": `whsec_${OTHER.toString("base64").replaceAll("=", "")}\n` };
  assert.deepEqual(webhooks({ yaml, files }), [
    {
      name: "a",
      disabled: false,
      url: "http://x/",
      headers: { "X-One": ["one"], "X-Two": ["a", "b"] },
      timeoutMs: 500,
      threshold: 3,
      backoffMs: 2000,
      maxBackoffMs: 60_000,
      ignoredMediaTypes: ["a/b", "c/d"],
      ignoredActions: ["pull", "mount"],
      format: "cloudevents",
      batch: 100,
      filter: {
        repositories: ["team/**"],
        kinds: ["tag_created"],
        mediaTypes: ["*/*"],
        artifactTypes: ["x/y"],
        tags: ["v?"],
      },
      secrets: [new Uint8Array(KEY), new Uint8Array(OTHER)],
      giveUp: { attempts: 9, ageMs: 259_200_000, statuses: [410, 404] },
      deliveryLogSize: 7,
    },
  ]);
});

test("user and password of the URL become a header, unless there is one", () => {
  const url = "url: 'https://robot:p%40ss@x:8443/y?z=1#w'";
  const [own] = webhooks({ yaml: endpoints(`{ name: a, ${url} }`) });
  assert.equal(own?.url, "https://x:8443/y?z=1");
  assert.deepEqual(own.headers, { Authorization: [`Basic ${btoa("robot:p@ss")}`] });
  const [given] = webhooks({ yaml: endpoints(`{ name: a, ${url}, headers: { authorization: Bearer t } }`) });
  assert.deepEqual(given?.headers, { authorization: ["Bearer t"] });
  const [empty] = webhooks({ yaml: endpoints(`{ name: a, ${url}, headers: { Authorization: [] } }`) });
  assert.deepEqual(empty?.headers, own.headers);
});

test("a disabled endpoint needs nothing else, and its files need not be there", () => {
  const yaml = endpoints("{ disabled: true }", "{ disabled: true, signing: { secretfiles: [/nowhere] } }");
  const disabled = { ...DEFAULTS, name: "", url: "", disabled: true };
  assert.deepEqual(webhooks({ yaml }), [disabled, disabled]);
});

test("the longest wait is never shorter than the first unless it says so", () => {
  assert.equal(webhooks({ yaml: endpoint("backoff: 10m") })[0]?.maxBackoffMs, 600_000);
});

test("variables make and change endpoints", () => {
  const prefix = "REGISTRY_NOTIFICATIONS_ENDPOINTS";
  const yaml = endpoint("headers: { Authorization: Bearer old, X-Keep: y }");
  const environment = {
    [`${prefix}_0_HEADERS_AUTHORIZATION`]: "Bearer new",
    [`${prefix}_0_HEADERS_X_API_KEY`]: "k",
    [`${prefix}_1_NAME`]: "007",
    [`${prefix}_1_URL`]: "https://y/?a=[b]",
    [`${prefix}_1_TIMEOUT`]: "2s",
    [`${prefix}_1_FILTER_TAGS_0`]: "*",
    [`${prefix}_1_FILTER_REPOSITORIES`]: "[team/**]",
    [`${prefix}_1_IGNORE_ACTIONS_0`]: "pull",
    [`${prefix}_1_SIGNING_SECRETS_0_FILE`]: "/run/s",
    [`${prefix}_1_GIVEUP_STATUSES_0`]: "410",
  };
  const files = { "/run/s": `${SECRET}\n` };
  const [first, second] = webhooks({ yaml, environment: { ...environment }, files });
  assert.deepEqual(first?.headers, {
    "X-Keep": ["y"],
    authorization: ["Bearer new"],
    "x-api-key": ["k"],
  });
  assert.equal(second?.name, "007");
  assert.equal(second.url, "https://y/?a=[b]");
  assert.equal(second.timeoutMs, 2000);
  assert.deepEqual(second.filter.tags, ["*"]);
  assert.deepEqual(second.filter.repositories, ["team/**"]);
  assert.deepEqual(second.ignoredActions, ["pull"]);
  assert.deepEqual(second.secrets, [new Uint8Array(KEY)]);
  assert.deepEqual(second.giveUp.statuses, [410]);
});

// Each is wrong; the one complaint begins with the place and must match.
const WRONG: readonly (readonly [string, string, RegExp])[] = [
  ["timout: 1s", "0.timout", /unknown key; did you mean timeout\?$/],
  ["filter: { repository: [x] }", "0.filter.repository", /did you mean filter\.repositories\?$/],
  ["signing: { secret: x }", "0.signing.secret", /did you mean signing\.secrets\?$/],
  ["mediatypes: [x]", "0.mediatypes", /(filter|ignore)\.mediatypes/],
  ["filter: [x]", "0.filter", /expected a map of keys, found a list$/],
  ["timeout: 1", "0.timeout", /expected a duration.*found 1; it has no unit; for seconds write "1s"$/],
  ["timeout: 0s", "0.timeout", /above 0 and at most 24h, found "0s"$/],
  ["backoff: 25h", "0.backoff", /at most 24h, found "25h"$/],
  ["backoff: 10s, maxbackoff: 5s", "0.maxbackoff", /shorter than backoff/],
  ["threshold: 0", "0.threshold", /at least 1, found 0$/],
  ["disabled: maybe", "0.disabled", /expected true or false, found "maybe"$/],
  ["format: v3", "0.format", /expected v2, v1 or cloudevents, found "v3"$/],
  ["batch: 1001", "0.batch", /from 1 to 1000, found 1001$/],
  ["deliveries: 0", "0.deliveries", /from 1 to 1000, found 0$/],
  ["ignore: { actions: [pul] }", "0.ignore.actions.0", /push, pull, mount and delete, found "pul"$/],
  ["ignoredmediatypes: a/b", "0.ignoredmediatypes", /expected a list of media types, found "a\/b"$/],
  ["filter: { kinds: [tag-create] }", "0.filter.kinds.0", /found "tag-create"; did you mean tag_created\?$/],
  ["filter: { tags: ['a\\'] }", "0.filter.tags.0", /glob "a\\" ends with/],
  [`filter: { tags: [${"a,".repeat(101)}] }`, "0.filter.tags", /at most 100 globs/],
  ["giveup: { statuses: [200] }", "0.giveup.statuses.0", /from 400 to 599, found 200$/],
  ["giveup: { attempts: 0 }", "0.giveup.attempts", /at least 1/],
  ["giveup: { age: 0 }", "0.giveup.age", /above 0, found 0$/],
  ["headers: { Content-Type: hush }", "0.headers.Content-Type", /set by Stowage itself; remove it$/],
  ["headers: { TE: hush }", "0.headers.TE", /set by Stowage itself/],
  ["headers: { Trailer: hush }", "0.headers.Trailer", /set by Stowage itself/],
  ["headers: { Proxy-Connection: hush }", "0.headers.Proxy-Connection", /set by Stowage itself/],
  ["headers: { WEBHOOK-id: hush }", "0.headers.WEBHOOK-id", /set by Stowage itself/],
  ['headers: { X-A: "hush\\r\\nX-B: c" }', "0.headers.X-A", /found something else$/],
  ["headers: { X-A: [a, 'hu\u00e9sh'] }", "0.headers.X-A.1", /found something else$/],
  ["headers: { X-A: 12345 }", "0.headers.X-A", /lists of text, found something else$/],
  ['headers: { "Authorization: Bearer hush": }', "0.headers", /found something else/],
  ["headers: hush", "0.headers", /expected a map of header names to text.*found something else$/],
  ["signing: { secrets: [whsec_hush] }", "0.signing.secrets.0", /24 to 64 bytes, found something else$/],
  ["signing: { secrets: hush }", "0.signing.secrets", /found something else$/],
  ["signing: hush", "0.signing", /expected a map of keys, found text$/],
  [`signing: { ${SECRET}: }`, "0.signing", /unknown key/],
  [`signing: { secrets: [${`${SECRET},`.repeat(6)}] }`, "0.signing", /6 secrets; at most 5/],
  [`signing: { secretfiles: [${SECRET}] }`, "0.signing.secretfiles.0", /belongs in signing\.secrets$/],
  [
    "signing: { secretfiles: [/nowhere] }",
    "0.signing.secretfiles.0",
    /"\/nowhere" cannot be read: there is no/,
  ],
  ["signing: { secretfiles: [/bad] }", "0.signing.secretfiles.0", /"\/bad" does not hold a secret/],
];
for (const [more, path, message] of WRONG) {
  test(`"${more.slice(0, 60)}" is refused with a reason`, () => {
    const found = complaints({ yaml: endpoint(more), files: { "/bad": "hush" } });
    assert.equal(found.length, 1, found.join("\n"));
    const start = `notifications.endpoints.${path} `;
    const [where, rest = ""] = [found[0]?.split(" ")[0], found[0]?.split(" ").slice(1).join(" ")];
    assert.match(where ?? "", /^config\.yml:\d+:\d+$/);
    assert.ok(rest.startsWith(start), rest);
    assert.match(rest, message);
    assert.doesNotMatch(rest, /hu.?sh|aHVza/);
  });
}

// What is no endpoint at all, or lacks what each needs.
const BROKEN: readonly (readonly [string, RegExp])[] = [
  [
    "endpoints: { name: a, url: 'http://u:hush@x' }",
    /notifications\.endpoints expected a list of endpoints, found som/,
  ],
  ["endpoints: ['http://u:hush@x']", /endpoints\.0 expected a map with a name and a url$/],
  ["endpoints: [null]", /endpoints\.0 expected a map with a name and a url$/],
  ["endpoints: [{ url: 'http://x' }]", /endpoints\.0\.name it is missing/],
  ["endpoints: [{ name: a }]", /endpoints\.0\.url it is missing/],
  ["endpoints: [{ name: -a, url: 'http://x' }]", /endpoints\.0\.name expected 1 to 64 of/],
  [`endpoints: [{ name: ${"a".repeat(65)}, url: 'http://x' }]`, /endpoints\.0\.name expected 1 to 64 of/],
  ["endpoints: [{ name: 'http://u:hush@x', url: 'http://x' }]", /endpoints\.0\.name expected 1 to 64 of/],
  [
    "endpoints: [{ name: a, url: 'ftp://u:hush@x' }]",
    /endpoints\.0\.url expected an http or https URL, found som/,
  ],
  ["endpoints: [{ name: a, url: 'u:hush@x' }]", /endpoints\.0\.url expected an http or https URL/],
  ["endpoints: [{ name: a, url: 'http://u:hush%@x' }]", /endpoints\.0\.url expected an http or https URL/],
  ["endpoints: [{ name: a, url: ['http://u:hush@x'] }]", /endpoints\.0\.url expected an http or https URL/],
  ["endpoints: [{ name: a, url: *hush }]", /^config\.yml:2:\d+ Unresolved alias \([^)]*\)$/],
  ["endpoints: [{ name: a, 'http://u:hush@x': }]", /endpoints\.0 unknown key; /],
  [
    "endpoints: [{ name: a, url: 'http://x' }, { name: a, disabled: true }]",
    /endpoints\.1\.name "a" is the name of endpoint 0 too; each needs its own$/,
  ],
];
for (const [line, message] of BROKEN) {
  test(`"${line.slice(0, 70)}" is refused, and no secret is repeated`, () => {
    const found = complaints({ yaml: file(`notifications: { ${line} }`) });
    assert.ok(found.length > 0);
    assert.ok(
      found.some((complaint) => message.test(complaint)),
      found.join("\n"),
    );
    assert.doesNotMatch(found.join(), /hush/);
  });
}

test("all that is wrong with all endpoints is said at once", () => {
  const yaml = endpoints("{ timout: 1s, batch: 0 }", "{ name: b, url: 'http://x', format: xml }");
  const places = complaints({ yaml }).map((complaint) => complaint.split(" ").slice(0, 2).join(" "));
  assert.deepEqual(places, [
    "config.yml:4:9 notifications.endpoints.0.timout",
    "config.yml:4:21 notifications.endpoints.0.batch",
    "config.yml:4:7 notifications.endpoints.0.name",
    "config.yml:4:7 notifications.endpoints.0.url",
    "config.yml:5:35 notifications.endpoints.1.format",
  ]);
});

test("a problem that a variable makes is pointed at the variable, without its value", () => {
  const name = "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_HEADERS_AUTHORIZATION";
  const found = complaints({ yaml: endpoint(""), environment: { [name]: "{a: hush}" } });
  assert.deepEqual(found, [
    `${name} notifications.endpoints.0.headers.authorization ` +
      "expected a map of header names to text or lists of text, found something else",
  ]);
  const unreadable = complaints({ yaml: endpoint(""), environment: { [name]: '"x" "hush"' } });
  assert.equal(unreadable.length, 1);
  assert.doesNotMatch(unreadable.join(), /hush/);
});

test("a member that is misspelt in a variable is named with the nearest", () => {
  const found = complaints({
    yaml: endpoint(""),
    environment: { REGISTRY_NOTIFICATIONS_ENDPOINTS_0_TIMOUT: "1s" },
  });
  assert.deepEqual(found, [
    "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_TIMOUT notifications.endpoints.0.timout " +
      "unknown key; did you mean timeout?",
  ]);
});

test("a misspelt member of which a variable sets an element is the variable's mistake, not the file's", () => {
  const name = "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_SIGNING_SECRET_0";
  const found = complaints({ yaml: endpoint(""), environment: { [name]: "whsec_hush" } });
  assert.deepEqual(found, [
    `${name} notifications.endpoints.0.signing.secret unknown key; did you mean signing.secrets?`,
  ]);
});
