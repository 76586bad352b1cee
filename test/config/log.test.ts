// log: the access log, and the hooks that send lines by mail.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LINE_FIELD_NAMES, REQUEST_FIELD_NAMES } from "../../src/config/keys/log.ts";
import { ACCESS_FIELDS, LINE_FIELDS, REQUEST_FIELDS } from "../../src/telemetry/log-fields.ts";
import { complaints, file, read } from "./reading.ts";

const SMTP = "smtp: { addr: 'mail.example.com:587' }";

const hook = (text: string) => file("log:", "  hooks:", `    - ${text}`);

const options = (smtp: string) =>
  hook(`{ type: mail, levels: [error], options: { ${smtp}, from: a@example.com, to: [b@example.com] } }`);

test("every member of a hook reaches the configuration", () => {
  const yaml = hook(
    "{ type: mail, levels: [panic, Fatal, warning, warn], options: { smtp: { addr: '[::1]:25', username: 12, " +
      "password: hush, insecure: true }, from: 'Registry <r@example.com>', to: [a@example.com, b@example.com] } }",
  );
  assert.deepEqual(read({ yaml }).config.log.hooks, [
    {
      levels: ["panic", "fatal", "warn"],
      smtp: { host: "::1", port: 25, login: { username: "12", password: "hush" }, insecure: true },
      from: "Registry <r@example.com>",
      to: ["a@example.com", "b@example.com"],
    },
  ]);
});

test("a password comes from a variable or a file, and is shown nowhere", () => {
  const yaml = options("smtp: { addr: 'mail:25', username: u }");
  const variable = "REGISTRY_LOG_HOOKS_0_OPTIONS_SMTP_PASSWORD";
  const asIs = read({ yaml, environment: { [variable]: "hush: 1" } });
  const inFile = read({ yaml, environment: { [`${variable}_FILE`]: "p" }, files: { p: "hush\n" } });
  assert.equal(asIs.config.log.hooks[0]?.smtp.login?.password, "hush: 1");
  assert.equal(inFile.config.log.hooks[0]?.smtp.login?.password, "hush");
  assert.doesNotMatch(JSON.stringify([asIs.effective, inFile.effective]), /hush/);
  assert.match(JSON.stringify(asIs.effective), /"password":"\[redacted\]"/);
});

test("a disabled hook needs nothing and sends nothing", () => {
  assert.deepEqual(read({ yaml: hook("{ type: mail, disabled: true }") }).config.log.hooks, []);
});

const CASES: readonly (readonly [yaml: string, complaint: RegExp])[] = [
  [
    hook("{ levels: [error] }"),
    /log\.hooks\.0\.type it is missing; which kind of hook\? There is only "mail"/,
  ],
  [hook("{ type: slack }"), /log\.hooks\.0\.type expected mail, found "slack"/],
  [hook("mail"), /log\.hooks\.0 expected a map with type, levels and options/],
  [
    hook(`{ type: mail, levels: [loud], options: { ${SMTP} } }`),
    /levels\.0 expected panic, fatal, .*found "loud"/,
  ],
  [hook("{ type: mail, level: [error] }"), /log\.hooks\.0\.level unknown key; .*levels/],
  [hook("{ type: mail, levels: [error] }"), /options\.smtp\.addr it is missing; which mail server/],
  [hook(`{ type: mail, levels: [error], options: { ${SMTP} } }`), /options\.from it is missing/],
  [options("smtp: { addr: mail.example.com }"), /"mail\.example\.com" is no HOST:PORT, such as/],
  [options("smtp: { addr: ':25' }"), /":25" is no HOST:PORT/],
  [options("smtp: { addr: 'mail:25', username: u }"), /smtp\.password it is missing; whoever logs in/],
  [options("smtp: { addr: 'mail:25', password: hush }"), /smtp\.username it is missing/],
  [
    hook(`{ type: mail, levels: [error], options: { ${SMTP}, from: nobody, to: [b@example.com] } }`),
    /options\.from "nobody" is no mail address, such as registry@example\.com/,
  ],
  [
    hook(
      `{ type: mail, levels: [error], options: { ${SMTP}, from: a@example.com, to: ["b@c\\nBcc: d@e"] } }`,
    ),
    /options\.to\.0 "b@c\nBcc: d@e" is no mail address/,
  ],
];

for (const [yaml, complaint] of CASES) {
  test(`refused: ${complaint.source}`, () => {
    const found = complaints({ yaml });
    assert.ok(
      found.some((text) => complaint.test(text)),
      found.join("\n"),
    );
    assert.doesNotMatch(found.join("\n"), /hush/);
  });
}

test("the access log can be turned off", () => {
  assert.equal(read({}).config.log.accessLog, true);
  assert.equal(read({ yaml: file("log: { accesslog: { disabled: true } }") }).config.log.accessLog, false);
});

test("a field cannot have the name of one that lines have", () => {
  const names = Object.keys({ ...LINE_FIELDS, ...REQUEST_FIELDS, ...ACCESS_FIELDS });
  for (const name of [...names, "msg", "@timestamp", "@version"]) {
    const owners =
      name in REQUEST_FIELDS || name in ACCESS_FIELDS ? "lines of requests have" : "every line has";
    assert.deepEqual(
      complaints({ yaml: file(`log: { fields: { "${name}": x, mine: y } }`) }),
      [`config.yml:2:18 log.fields.${name} "${name}" is a field that ${owners} already; choose another name`],
      name,
    );
  }
});

test("no other name is refused", () => {
  const known = new Set(Object.keys({ ...LINE_FIELDS, ...REQUEST_FIELDS, ...ACCESS_FIELDS }));
  const own = [...LINE_FIELD_NAMES, ...REQUEST_FIELD_NAMES].filter((name) => !known.has(name));
  assert.deepEqual(own, ["msg", "@timestamp", "@version"]);
});

test("a hook for levels that the log leaves out is warned of", () => {
  const hooked = (level: string, levels: string) =>
    read({
      yaml: file(
        "log:",
        `  level: ${level}`,
        `  hooks: [{ type: mail, levels: ${levels}, options: { smtp: { addr: "m:25" }, from: a@b.c, to: d@e.f } }]`,
      ),
    }).warnings;
  assert.deepEqual(hooked("error", "[info, warn]"), [
    "log.hooks sends nothing of warn, info to d@e.f: log.level is error",
  ]);
  assert.deepEqual(hooked("error", "[panic, fatal, error]"), []);
  assert.deepEqual(hooked("warn", "[warn]"), []);
});
