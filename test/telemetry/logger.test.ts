import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LogOptions } from "../../src/telemetry/logger.ts";

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
  log.info({ name: 'a "b"\n', count: 3, inner: { list: [1, 2] }, empty: "" }, "two words");
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    /^time=\S+ level=info msg="two words" service=registry name="a \\"b\\"\\n" count=3 inner\.list=\[1,2\] empty=""\n$/,
  );
});

test("text on a terminal is coloured", () => {
  const lines: string[] = [];
  logTo(lines, { formatter: "text" }, true).error({ a: 1 }, "text");
  assert.ok(lines.join("").includes("\u001b["));
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
    log.info({ headers: { Authorization: "Basic hush", "set-cookie": ["hush"] }, password: "hush" }, "text");
    log.info({ list: [{ client_secret: "seen", secret: "hush", secretKey: "hush" }] }, "text");
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
