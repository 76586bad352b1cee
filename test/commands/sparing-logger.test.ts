// The log of a gateway whose registry is away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sparingLogger } from "../../src/commands/sparing-logger.ts";

test("one message comes seldom and tells how many were left out; others come always", () => {
  const lines: unknown[] = [];
  let time = 0;
  const log = { error: (fields: object, message: string) => void lines.push([message, fields]) };
  const logger = sparingLogger(log, { message: "away", everyMs: 10, now: () => time });
  const at = (now: number, message: string) => {
    time = now;
    logger.error({ now }, message);
  };
  at(0, "away");
  at(1, "away");
  at(2, "other");
  at(3, "other");
  at(9, "away");
  at(10, "away");
  at(11, "away");
  at(30, "away");
  at(50, "away");
  assert.deepEqual(lines, [
    ["away", { now: 0 }],
    ["other", { now: 2 }],
    ["other", { now: 3 }],
    ["away", { now: 10, omitted: 2 }],
    ["away", { now: 30, omitted: 1 }],
    ["away", { now: 50 }],
  ]);
});
