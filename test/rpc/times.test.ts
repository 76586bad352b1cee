// Times and durations that no binary message is kept from holding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { parseDuration, parseTime } from "../../src/rpc/times.ts";
import { has } from "../core/study.ts";

const time = (seconds: bigint, nanos = 0) => parseTime(create(TimestampSchema, { seconds, nanos }), "time");
const duration = (seconds: bigint, nanos = 0) =>
  parseDuration(create(DurationSchema, { seconds, nanos }), "age");

test("a time is in milliseconds, rounded down", () => {
  assert.equal(parseTime(timestampFromMs(1_700_000_000_123), "time"), 1_700_000_000_123);
  assert.equal(time(1n, 1_999_999), 1001);
  assert.equal(new Date(time(253_402_300_799n, 999_999_999)).toISOString(), "9999-12-31T23:59:59.999Z");
  for (const seconds of [253_402_300_800n, -62_135_596_801n, 2n ** 63n - 1n, -(2n ** 63n)])
    assert.throws(() => time(seconds), has("REQUEST_INVALID"));
});

test("a duration is in milliseconds and not negative; absent stays absent", () => {
  assert.equal(parseDuration(undefined, "age"), undefined);
  assert.equal(duration(0n), 0);
  assert.equal(duration(3600n, 500_000_000), 3_600_500);
  for (const [seconds, nanos] of [
    [-1n, 0],
    [0n, -1],
    [315_576_000_001n, 0],
    [2n ** 63n - 1n, 0],
  ] as const)
    assert.throws(() => duration(seconds, nanos), has("REQUEST_INVALID"));
});
