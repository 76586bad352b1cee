import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../src/config/duration.ts";

const RIGHT: Readonly<Record<string, number>> = {
  "0": 0,
  "0s": 0,
  "30s": 30_000,
  "1h30m": 5_400_000,
  "1.5h": 5_400_000,
  ".5s": 500,
  "1.s": 1000,
  "300ms": 300,
  "1500us": 1.5,
  "1500µs": 1.5,
  "2000000ns": 2,
  "168h": 604_800_000,
  "30d": 2_592_000_000,
  "1.5d": 129_600_000,
  "1d12h": 129_600_000,
  "2w": 1_209_600_000,
};
for (const [text, milliseconds] of Object.entries(RIGHT)) {
  test(`${text} is ${milliseconds} ms`, () => assert.equal(parseDuration(text), milliseconds));
}

for (const text of ["", "30", "s", "30 s", "1D", "1y", "-5s", "+5s", "1h 30m", "5S", "1..5s", ".s", "1e3s"]) {
  test(`"${text}" is no duration`, () => assert.equal(parseDuration(text), undefined));
}
