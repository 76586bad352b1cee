// What is done now and then: when, never twice at once, and over when it is stopped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Chore, everySo } from "../../src/maintenance/chore.ts";

const never = () => Number.POSITIVE_INFINITY;
const unexpected = (error: unknown) => assert.fail(String(error));

test("work is done when its time has come, and not before", async () => {
  let clock = 0;
  let done = 0;
  const work = async () => void done++;
  const chore = new Chore({ next: () => 10, work, failed: unexpected, now: () => clock, lookMs: 5 });
  chore.begin();
  await sleep(30);
  assert.equal(done, 0);
  clock = 10;
  while (done === 0) await sleep(5);
  await chore.stop();
  const then = done;
  await sleep(20);
  assert.equal(done, then);
});

test("it never runs beside itself, and stopping ends it", async () => {
  let running = 0;
  let most = 0;
  const work = async (signal: AbortSignal) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    running--;
  };
  const chore = new Chore({ next: () => 0, work, failed: unexpected, now: () => 0, lookMs: 2 });
  chore.begin();
  await sleep(20);
  await chore.stop();
  assert.deepEqual([most, running], [1, 0]);
});

test("a failure is told, and it is tried again; what stopping breaks off is no failure", async () => {
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  const broken = new Chore({
    next: () => 0,
    work: () => Promise.reject(new Error("disk")),
    failed,
    now: () => 0,
    lookMs: 2,
  });
  broken.begin();
  while (failures.length < 3) await sleep(2);
  await broken.stop();
  failures.length = 0;
  const work = async (signal: AbortSignal) => {
    await sleep(1000, undefined, { signal });
  };
  const stopped = new Chore({ next: () => 0, work, failed, now: () => 0, lookMs: 2 });
  stopped.begin();
  await stopped.stop();
  assert.deepEqual(failures, []);
});

test("once in an interval: at once, then when it is over, also when the clock is set back", () => {
  let clock = 1_000_000;
  const next = everySo(1000, () => clock);
  const isDue = () => next() <= clock;
  assert.deepEqual([isDue(), isDue()], [true, false]);
  clock += 999;
  assert.equal(isDue(), false);
  clock += 1;
  assert.deepEqual([isDue(), isDue()], [true, false]);
  clock -= 500_000;
  assert.equal(isDue(), false);
  clock += 1000;
  assert.equal(isDue(), true);
  assert.ok(next() < never());
});
