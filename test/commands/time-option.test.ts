import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTime } from "../../src/commands/time-option.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const parse = (text: string) => new Date(parseTime(text, { option: "--since", now: NOW })).toISOString();

test("a time is RFC 3339, or a duration back from now", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["2026-02-28T10:00:00Z", "2026-02-28T10:00:00.000Z"],
    ["2026-02-28t10:00:00.25z", "2026-02-28T10:00:00.250Z"],
    ["2026-02-28 10:00:00+02:00", "2026-02-28T08:00:00.000Z"],
    ["15m", "2026-03-01T11:45:00.000Z"],
    ["1h30m", "2026-03-01T10:30:00.000Z"],
    ["0.5s", "2026-03-01T11:59:59.500Z"],
    ["1d", "2026-02-28T12:00:00.000Z"],
    ["1w", "2026-02-22T12:00:00.000Z"],
  ];
  for (const [text, expected] of cases) assert.equal(parse(text), expected, text);
});

test("a date alone is its first moment, where the person is", () => {
  assert.equal(parse("2026-02-28"), new Date(2026, 1, 28).toISOString());
});

const WRONG = [
  "",
  "yesterday",
  "2026-02-30",
  "2026-13-01",
  "2026-00-10",
  "2026-02-28T10:00:00",
  "2026-13-01T00:00:00Z",
  "15",
  "15 m",
  "-5m",
];
for (const text of [...WRONG, "9999999999999999w", `${"9".repeat(400)}s`]) {
  test(`"${text.slice(0, 30)}" is no time, and the error shows what is one`, () => {
    assert.throws(() => parse(text), /--since: .* is no time; .*2026-03-01T15:04:05Z, .* 15m/);
  });
}
