// Which key signs when, as arithmetic.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeySchedule } from "../../src/auth/key-schedule.ts";
import { DAY, HOUR, MINUTE } from "./token-office.ts";

const schedule = new KeySchedule({ rotationMs: 30 * DAY, lifetimeMs: 5 * MINUTE });
const first = { signTime: 0 };
const second = { signTime: 30 * DAY };

test("the first key signs at once", () => {
  assert.equal(schedule.next([], 1234), 1234);
  assert.equal(schedule.signer([], 1234), undefined);
});

test("the next key is made an hour before it signs, and the last one signs until then", () => {
  assert.equal(schedule.next([first], 30 * DAY - HOUR - 1), undefined);
  assert.equal(schedule.next([first], 30 * DAY - HOUR), 30 * DAY);
  assert.equal(schedule.signer([first, second], 30 * DAY - 1), first);
  assert.equal(schedule.signer([first, second], 30 * DAY), second);
  assert.equal(schedule.next([first, second], 30 * DAY), undefined);
});

test("a registry that slept past the change publishes its next key for an hour all the same", () => {
  assert.equal(schedule.next([first], 80 * DAY), 80 * DAY + HOUR);
  assert.equal(schedule.signer([first, { signTime: 80 * DAY + HOUR }], 80 * DAY), first);
});

test("a key stays until its last token has expired, with some minutes of leeway", () => {
  const lastExpiry = 30 * DAY + 5 * MINUTE;
  assert.deepEqual(schedule.current([first, second], lastExpiry + 4 * MINUTE), [first, second]);
  assert.deepEqual(schedule.current([first, second], lastExpiry + 5 * MINUTE), [second]);
});

test("keys that change quickly are published for half of their time", () => {
  const quick = new KeySchedule({ rotationMs: 10 * MINUTE, lifetimeMs: MINUTE });
  assert.equal(quick.next([first], 5 * MINUTE - 1), undefined);
  assert.equal(quick.next([first], 5 * MINUTE), 10 * MINUTE);
});

test("with a clock that was set back the oldest key signs", () => {
  assert.equal(schedule.signer([{ signTime: 500 }, { signTime: 900 }], 100)?.signTime, 500);
});
