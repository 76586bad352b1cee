import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatCount,
  formatDistance,
  formatDuration,
  formatLocalTime,
  formatQuantity,
  formatShortTime,
  formatSize,
  printable,
  shortDigest,
} from "../../src/commands/readable.ts";

test("numbers have separators, and one is singular", () => {
  assert.equal(formatCount(1234567n), "1,234,567");
  assert.deepEqual(
    [0, 1, 2000].map((count) => formatQuantity(count, "event")),
    ["0 events", "1 event", "2,000 events"],
  );
});

test("sizes have the unit that fits", () => {
  assert.deepEqual([0, 1023, 1024, 1.5 * 2 ** 20, 2 ** 50].map(formatSize), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "1024.0 TiB",
  ]);
});

test("durations have at most two units", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 ms"],
    [85.4, "85 ms"],
    [1000, "1 s"],
    [1240, "1.2 s"],
    [59_999, "1 min"],
    [60_000, "1 min"],
    [200_000, "3 min 20 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [90_061_000, "1 d 1 h"],
  ];
  for (const [milliseconds, expected] of cases) assert.equal(formatDuration(milliseconds), expected);
});

test("a distance looks back and ahead, in one unit", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(formatDistance(now - 999, now), "now");
  assert.equal(formatDistance(now - 1000, now), "1 s ago");
  assert.equal(formatDistance(now - 119_000, now), "1 min ago");
  assert.equal(formatDistance(now + 12_500, now), "in 12 s");
  assert.equal(formatDistance(now - 3 * 86_400_000, now), "3 d ago");
});

test("times for a terminal are those of the reader's clock", () => {
  const time = new Date(2026, 2, 1, 5, 4, 3).getTime();
  assert.equal(formatLocalTime(time), "2026-03-01 05:04:03");
  assert.equal(formatShortTime(time), "Mar 01 05:04:03");
});

test("a digest is cut, and control characters are made visible", () => {
  assert.equal(shortDigest(`sha256:${"ab".repeat(32)}`), "sha256:abababababab");
  assert.equal(printable("a\u001b[31m\nb\u202ec ö"), "a?[31m?b?c ö");
});
