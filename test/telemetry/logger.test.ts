import assert from "node:assert/strict";
import { test } from "node:test";
import { lineForm } from "../../src/telemetry/line-form.ts";
import type { LogTap } from "../../src/telemetry/log-options.ts";
import { createLogger, type LogOptions } from "../../src/telemetry/logger.ts";
import { type RequestNotes, Scopes } from "../../src/telemetry/scope.ts";

function logTo(lines: string[], options: Partial<LogOptions> = {}, isTerminal = false) {
  const all: LogOptions = { level: "info", formatter: "json", fields: {}, ...options };
  return createLogger(all, { isTerminal, write: (line) => void lines.push(line) });
}

function parse(line: string | undefined): Record<string, unknown> {
  return JSON.parse(line ?? "");
}

test("json is one object a line, with time, level, fields and message", () => {
  const lines: string[] = [];
  logTo(lines, { fields: { service: "registry" } }).warn({ repository: "a/b" }, "text");
  const { time, ...rest } = parse(lines[0]);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, { level: "warn", service: "registry", repository: "a/b", message: "text" });
});

test("logstash has its own names", () => {
  const lines: string[] = [];
  logTo(lines, { formatter: "logstash" }).info("text");
  const { "@timestamp": time, ...rest } = parse(lines[0]);
  assert.match(String(time), /^\d{4}-/);
  assert.deepEqual(rest, { "@version": "1", level: "info", message: "text" });
});

test("text is key=value and stays one line", () => {
  const lines: string[] = [];
  const log = logTo(lines, { formatter: "text", fields: { service: "registry" } });
  log.info({ tag: 'a "b"\n', count: 3, state: { list: [1, 2] }, reason: "" }, "two words");
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /^time=\S+ level=info msg="two words" service=registry tag="a \\"b\\"\\n" count=3 state\.list=\[1,2\] reason=""\n$/,
  );
});

test("text on a terminal is coloured", () => {
  const lines: string[] = [];
  logTo(lines, { formatter: "text" }, true).error({ count: 1 }, "text");
  assert.ok(lines.join("").includes("\u001b["));
  assert.match(lines.join(""), /ERROR/);
});

test("the level holds", () => {
  const lines: string[] = [];
  const log = logTo(lines, { level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(
    lines.map((line) => parse(line).message),
    ["c", "d"],
  );
});

for (const formatter of ["json", "logstash", "text"] as const) {
  test(`${formatter} never shows a secret, however deep it lies`, () => {
    const lines: string[] = [];
    const log = logTo(lines, { formatter, fields: { token: "hush" } });
    const password: Record<string, unknown> = { password: "hush" };
    log.info(password, "text");
    log.info({ state: { Authorization: "Basic hush", "set-cookie": ["hush"] } }, "text");
    log.info({ keys: [{ client_secret: "seen", secret: "hush", secretKey: "hush" }] }, "text");
    assert.doesNotMatch(lines.join(""), /hush/);
    assert.match(lines.join(""), /redacted/);
  });
}

test("an error is told with its stack and its cause", () => {
  const lines: string[] = [];
  logTo(lines).error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
  const { err } = parse(lines[0]);
  assert.match(JSON.stringify(err), /outer.*inner/);
});

test("what hangs on an error besides its code is not printed", () => {
  const lines: string[] = [];
  const details = [{ desc: "a whole schema" }];
  const metadata = { authorization: "hush" };
  logTo(lines).error({ err: Object.assign(new Error("failed"), { code: 14, details, metadata }) }, "failed");
  assert.doesNotMatch(lines.join(""), /schema|hush/);
  assert.match(lines.join(""), /14/);
});

test("each line of a request says whose it is, and what it says itself wins", async () => {
  const lines: string[] = [];
  const scopes = new Scopes();
  const options: LogOptions = { level: "info", formatter: "json", fields: {} };
  const destination = { isTerminal: false, write: (line: string) => void lines.push(line) };
  const log = createLogger(options, destination, { instanceId: "i1", scopes });
  const notes: RequestNotes = { id: "r1" };
  await scopes.run({ notes }, async () => {
    log.info("early");
    Object.assign(notes, { who: () => "user:a", repository: "a/b", reference: "v1", traceId: "t1" });
    notes.digest = "sha256:1";
    await new Promise((resolve) => setImmediate(resolve));
    log.info({ repository: "c" }, "late");
  });
  log.info("outside");
  const told = lines.map((line) => {
    const { time: _, level: __, ...rest } = parse(line);
    return rest;
  });
  const late = { traceId: "t1", principal: "user:a", reference: "v1", digest: "sha256:1" };
  assert.deepEqual(told, [
    { instanceId: "i1", requestId: "r1", message: "early" },
    { instanceId: "i1", requestId: "r1", ...late, repository: "c", message: "late" },
    { instanceId: "i1", message: "outside" },
  ]);
});

/** Line breaks of all kinds, a terminal's commands in 7 and 8 bits, and what turns text around. */
const EVIL = 'a\r\nlevel=panic msg=x \u001b[2J\u009b31m\u0000\u007f\u2028\u2029\u202e\u200b"} ';

for (const formatter of ["json", "logstash", "text", "a terminal"] as const) {
  test(`what a client sends is no line of its own and no command: ${formatter}`, () => {
    const lines: string[] = [];
    const isTerminal = formatter === "a terminal";
    const form = isTerminal ? "text" : formatter;
    const log = logTo(lines, { formatter: form, fields: { [`f${EVIL}`]: EVIL } }, isTerminal);
    log.info({ repository: EVIL, users: [EVIL], state: { [EVIL]: EVIL } }, EVIL);
    const written = lines.join("");
    assert.match(written, /\n$/);
    const colours = new RegExp(`${String.fromCharCode(27)}\\[(?:\\d\\d?|\\d;\\d+)m`, "g");
    const shown = isTerminal ? written.replaceAll(colours, "") : written;
    assert.doesNotMatch(shown.slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
    if (form === "json") assert.equal(parse(lines[0]).repository, EVIL);
  });
}

test("on a terminal an error's stack keeps its lines, and nothing else in it acts", () => {
  const lines: string[] = [];
  logTo(lines, { formatter: "text" }, true).error({ err: new Error("\u001b[2Jfirst\rsecond") }, "failed");
  const written = lines.join("");
  assert.ok(!written.includes("\u001b[2J"));
  assert.ok(!written.includes("\r"));
  assert.match(written, /first[\s\S]*\n\s+at /);
});

for (const formatter of ["json", "logstash", "text"] as const) {
  test(`a line written in a crowd looks like the logger's own: ${formatter}`, () => {
    const lines: string[] = [];
    const options: LogOptions = { level: "info", formatter, fields: { service: "a b", shard: 3 } };
    const destination = { isTerminal: false, write: (line: string) => void lines.push(line) };
    const context = { instanceId: "i1" };
    const fields = {
      method: "GET",
      path: EVIL,
      status: 200,
      aborted: true,
      reference: "",
      userAgent: "a b",
      host: 'x="1"',
    };
    createLogger(options, destination, context).info(fields, "request");
    const names = [
      "method",
      "path",
      "status",
      "aborted",
      "digest",
      "reference",
      "userAgent",
      "host",
    ] as const;
    const { method, path, status, aborted, reference, userAgent, host } = fields;
    const values = [method, path, status, aborted, undefined, reference, userAgent, host];
    const line = lineForm(options, context, names)("info", "request", values);
    const timeless = (text: string | undefined) => text?.trimEnd().replace(/\d{4}-[-\dT:.]+Z/, "");
    assert.equal(timeless(line), timeless(lines[0]));
  });
}

test("whoever taps the log hears the levels that it wants, as JSON", () => {
  const heard: string[] = [];
  const tap: LogTap = {
    wants: (level) => level === "warn" || level === "panic",
    hear: (level, json) => void heard.push(`${level} ${parse(json).message}`),
  };
  const options: LogOptions = { level: "warn", formatter: "text", fields: {} };
  const log = createLogger(options, { isTerminal: false, write: () => undefined }, { tap });
  log.info("a");
  log.warn("b");
  log.error("c");
  log.fatal("d");
  log.panic("e");
  assert.deepEqual(heard, ["warn b", "panic e"]);
});
