// docs/logging.md has every field that a line can have, and its examples are lines that
// the registry writes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ACCESS_FIELDS, LINE_FIELDS, OTHER_FIELDS, REQUEST_FIELDS } from "../../src/telemetry/log-fields.ts";
import { startServe } from "../commands/cli.ts";
import { ALICE, writeHtpasswd } from "../support/accounts.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { Page } from "./page.ts";

const TABLES = {
  "On every line": LINE_FIELDS,
  "On every line of a request": REQUEST_FIELDS,
  "In the access log": ACCESS_FIELDS,
  "On other lines": OTHER_FIELDS,
} as const;

const ALL: ReadonlySet<string> = new Set(Object.values(TABLES).flatMap((table) => Object.keys(table)));

const page = await Page.read("logging.md");

for (const [heading, table] of Object.entries(TABLES)) {
  test(`the table "${heading}" is that of the code (src/telemetry/log-fields.ts)`, () => {
    const [, section = ""] = page.text.split(`### ${heading}\n`);
    const [, rows = ""] = /\n\|-+\|-+\|\n((?:\|.*\|\n)+)/.exec(section) ?? [];
    assert.equal(
      rows,
      Object.entries(table)
        .map(([name, meaning]) => `| \`${name}\` | ${meaning} |\n`)
        .join(""),
    );
  });
}

/** What rooms hand to whoever logs for them, where the compiler does not look. */
const CALLS = [
  /\b(?:report|tell)\(\s*"[^"]+",\s*\{([^{}]*)\}/g,
  /\b(?:warn|tell|info|error|debug|onRefused|onWrongPassword)(?:\?\.)?\(\s*\{([^{}]*)\}/g,
];

test("what rooms hand to the log for them has no other fields", () => {
  const root = join(import.meta.dirname, "../../src");
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith(".ts"))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !/\/(?:commands|gen|import|retention)\//.test(path));
  const facts = files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    return CALLS.flatMap((call) => [...text.matchAll(call)].map(([, members = ""]) => members));
  });
  const names = facts.flatMap((members) =>
    members
      .split(",")
      .map((member) => /^\s*(\w+)\s*(?::|$)/.exec(member)?.[1])
      .filter((name) => name !== undefined),
  );
  assert.ok(names.length > 20, "the expressions find nothing any more");
  assert.deepEqual(
    [...new Set(names)].filter((name) => !ALL.has(name)),
    [],
  );
});

type Line = Readonly<Record<string, unknown>>;

const basic = ({ user, password }: typeof ALICE) => `Basic ${btoa(`${user}:${password}`)}`;

/** All that a registry writes while it is used, down to level debug. */
async function used(t: TestContext): Promise<readonly Line[]> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const users = await writeHtpasswd(directory, [ALICE]);
  const { command, url } = await startServe({
    REGISTRY_LOG_FORMATTER: "json",
    REGISTRY_LOG_LEVEL: "debug",
    REGISTRY_HTTP_SECRET: "without effect",
    REGISTRY_AUTH_HTPASSWD_PATH: users,
    REGISTRY_NOTIFICATIONS_ENDPOINTS: `[{ name: dead, url: "http://127.0.0.1:1/", backoff: 10ms }]`,
  });
  t.after(() => command[Symbol.asyncDispose]());
  const headers = { Authorization: basic(ALICE) };
  await fetch(`${url}/v2/`);
  await fetch(`${url}/v2/`, { headers: { Authorization: basic({ ...ALICE, password: "wrong" }) } });
  const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  await fetch(`${url}/v2/acme/ship/blobs/uploads/?digest=${digest}`, { method: "POST", body: "{}", headers });
  const descriptor = { mediaType: "application/vnd.oci.empty.v1+json", digest, size: 2 };
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor,
    layers: [descriptor],
  };
  const pushed = await fetch(`${url}/v2/acme/ship/manifests/v1`, {
    method: "PUT",
    headers: { ...headers, "Content-Type": manifest.mediaType },
    body: JSON.stringify(manifest),
  });
  assert.equal(pushed.status, 201);
  await eventually("a failure of the webhook", async () =>
    command.errors.includes("a webhook delivery failed") ? true : undefined,
  );
  command.signal("SIGTERM");
  assert.equal(await command.exit(), 0);
  return command.errors
    .trimEnd()
    .split("\n")
    .map((line): Line => JSON.parse(line));
}

test("a registry that is used writes no field that is not documented", async (t) => {
  const lines = await used(t);
  const messages = new Set(lines.map(({ message }) => message));
  for (const expected of ["request", "listening", "a webhook is configured", "a login with a wrong password"])
    assert.ok(messages.has(expected), `no line "${expected}"`);
  const names = new Set(lines.flatMap((line) => Object.keys(line)));
  assert.deepEqual(
    [...names].filter((name) => !ALL.has(name)),
    [],
  );
  const always = ["level", "time", "instanceId", "message"];
  for (const line of lines) for (const name of always) assert.ok(name in line, JSON.stringify(line));
});

/** The names of the pairs of a line of text. */
const namesOfText = (line: string) => [...line.matchAll(/(?:^| )([\w.]+)=/g)].map(([, name = ""]) => name);

test("the examples of lines have fields of the tables only, in the order that is written", () => {
  const json = page.inLanguage("json").map(({ text }): Line => JSON.parse(text));
  assert.ok(json.length >= 2);
  const text = page
    .inLanguage("text")
    .flatMap((block) => block.text.split("\n").filter((line) => line.startsWith("time=")));
  assert.ok(text.length >= 1);
  const renamed = new Set([...ALL, "msg", "@timestamp", "@version", "service"]);
  const names = [...json.flatMap((line) => Object.keys(line)), ...text.flatMap(namesOfText)];
  assert.deepEqual(
    names.map((name) => name.replace(/\..*/, "")).filter((name) => !renamed.has(name)),
    [],
  );
});
