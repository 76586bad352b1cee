import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { stowage } from "./cli.ts";

async function writeConfig(t: TestContext, text: string): Promise<string> {
  const directory = await makeTemporaryDirectory();
  t.after(() => removeTemporaryDirectory(directory));
  const path = join(directory, "config.yml");
  await writeFile(path, text);
  return path;
}

const GOOD = `
version: 0.1
log: { fields: { service: registry, api-key: hush } }
storage: { filesystem: { rootdirectory: /data }, redirect: { disable: true } }
http: { secret: hush, headers: { Authorization: [hush] } }
`;

test("a good file is OK, with its effect, its warnings, and no secret", async (t) => {
  const path = await writeConfig(t, GOOD);
  const { code, stdout, stderr } = await stowage(["check-config", path], { REGISTRY_TAGS_MAXTAGS: "9" });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /hush/);
  const [first, ...rest] = stdout.split("\n");
  assert.equal(first, `OK ${path}`);
  assert.deepEqual(rest.slice(0, 3), [
    "has no effect: storage.redirect.disable",
    "has no effect: http.secret",
    "",
  ]);
  const effective = parse(rest.slice(3).join("\n"));
  assert.equal(effective.storage.filesystem.rootdirectory, "/data");
  assert.equal(effective.tags.maxtags, 9);
  assert.equal(effective.http.draintimeout, "30s");
  assert.deepEqual(effective.log.fields, { service: "registry", "api-key": "[redacted]" });
});

const WEBHOOKS = `
version: 0.1
notifications:
  endpoints:
    - name: deploy
      url: https://robot:hush@deploy.example.com/events?key=hush
      headers: { Authorization: Bearer hush, X-Key: [hush, hush] }
      signing: { secrets: [whsec_${Buffer.alloc(24, "hush").toString("base64")}], secretfiles: [] }
    - { name: off, disabled: true }
`;

test("of webhooks everything is shown but the secrets", async (t) => {
  const path = await writeConfig(t, WEBHOOKS);
  const { code, stdout, stderr } = await stowage(["check-config", "--json", path]);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /hush|aHVza/);
  const [deploy, off] = JSON.parse(stdout).config.notifications.endpoints;
  assert.equal(deploy.url, "https://[redacted]@deploy.example.com/events?[redacted]");
  assert.deepEqual(deploy.headers, { Authorization: "[redacted]", "X-Key": ["[redacted]", "[redacted]"] });
  assert.deepEqual(deploy.signing, { secrets: ["[redacted]"], secretfiles: [] });
  assert.equal(deploy.timeout, "1s");
  assert.equal(off.disabled, true);
  const text = await stowage(["check-config", path]);
  assert.match(text.stdout, /name: deploy/);
  assert.doesNotMatch(text.stdout, /hush|aHVza/);
});

test("what it prints is a file that amounts to the same", async (t) => {
  const first = await stowage([
    "check-config",
    await writeConfig(t, "version: 0.1\nhttp: { addr: 'localhost:7' }\n"),
  ]);
  const [, effective = ""] = first.stdout.split("\n\n");
  const second = await stowage(["check-config", await writeConfig(t, effective)]);
  assert.equal(second.stdout.split("\n\n")[1], effective);
});

test("--json is one object", async (t) => {
  const path = await writeConfig(t, GOOD);
  const { stdout } = await stowage(["check-config", "--json", "--config", path]);
  const { ok, config, withoutEffect } = JSON.parse(stdout);
  assert.equal(ok, true);
  assert.deepEqual(withoutEffect, ["storage.redirect.disable", "http.secret"]);
  assert.equal(config.http.headers.Authorization, "[redacted]");
});

test("a bad file is explained in full, with code 2", async (t) => {
  const path = await writeConfig(t, "version: 0.1\nhttp:\n  adr: :5000\nlog:\n  level: loud\n");
  const { code, stdout, stderr } = await stowage(["check-config", path], { REGISTRY_HTTPS: "1" });
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    [
      "stowage: the configuration has 3 problems:",
      "  REGISTRY_HTTPS: unknown variable; did you mean REGISTRY_HTTP?",
      `  ${path}:3:3: http.adr: unknown key; did you mean http.addr?`,
      `  ${path}:5:3: log.level: expected error, warn, info or debug, found "loud"`,
      "",
    ].join("\n"),
  );
});

test("--json lists the problems of a bad file", async (t) => {
  const path = await writeConfig(t, "version: 0.1\nhttp:\n  adr: :5000\n");
  const { code, stdout } = await stowage(["check-config", "--json", path]);
  assert.equal(code, 2);
  assert.deepEqual(JSON.parse(stdout), {
    ok: false,
    problems: [{ path: "http.adr", where: `${path}:3:3`, message: "unknown key; did you mean http.addr?" }],
  });
});
