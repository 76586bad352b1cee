// The waits between attempts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { giveUpReason, retryWaitMs } from "../../src/notify/retry-policy.ts";

const OPTIONS = { threshold: 2, backoffMs: 1000, maxBackoffMs: 10_000 };

const almostOne = 1 - Number.EPSILON;

/** The shortest and the longest wait after so many failures. */
function waits(attempts: number, options = OPTIONS): readonly [number, number] {
  return [
    retryWaitMs(options, { attempts, random: 0 }),
    retryWaitMs(options, { attempts, random: almostOne }),
  ];
}

test("waits are the backoff up to the threshold, then double, each stretched by half at most", () => {
  assert.deepEqual(
    [1, 2, 3, 4].map((attempts) => waits(attempts)),
    [
      [1000, 1500],
      [1000, 1500],
      [2000, 3000],
      [4000, 6000],
    ],
  );
});

test("no wait is longer than the longest, and there they differ, too", () => {
  for (const attempts of [5, 6, 7, 50, 5000, Number.MAX_SAFE_INTEGER]) {
    const [shortest, longest] = waits(attempts);
    assert.equal(longest, 10_000);
    assert.ok(shortest >= 6666 && shortest < 8001, String(shortest));
  }
});

test("no wait is shorter than the backoff, also where the longest wait is shorter", () => {
  assert.deepEqual(waits(1, { threshold: 1, backoffMs: 1000, maxBackoffMs: 10 }), [1000, 1000]);
  assert.deepEqual(waits(99, { threshold: 1, backoffMs: 1000, maxBackoffMs: 1200 }), [1000, 1200]);
});

test("a receiver gets the time it asks for, but not less than the own wait nor more than the longest", () => {
  const asked = (retryAfterMs: number) => retryWaitMs(OPTIONS, { attempts: 1, random: 0, retryAfterMs });
  assert.deepEqual([0, 500, 4000, 10_000, 1e12].map(asked), [1000, 1000, 4000, 10_000, 10_000]);
});

test("an event is given up for its status, its attempts or its age, whatever comes first", () => {
  const policy = { attempts: 3, ageMs: 1000, statuses: [410] };
  const reason = (attempts: number, age: number, status?: number) =>
    giveUpReason(policy, { attempts, since: 5000, ...(status !== undefined && { status }) }, 5000 + age);
  assert.equal(reason(1, 0, 410), "status");
  assert.equal(reason(1, 0, 500), undefined);
  assert.equal(reason(2, 999), undefined);
  assert.equal(reason(3, 0), "attempts");
  assert.equal(reason(1, 1000), "age");
  assert.equal(giveUpReason({ statuses: [] }, { attempts: 1e9, since: 0 }, 1e15), undefined);
});
