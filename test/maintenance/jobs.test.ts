// One job of a kind at a time: who comes meanwhile is refused, unless the other is
// just ending.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MaintenanceJobs } from "../../src/maintenance/jobs.ts";
import { has } from "../core/study.ts";

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A job that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begin = async function* () {
    yield "begun";
    await promise;
  };
  return { begin, end: resolve };
}

const nothing = async function* () {
  yield "done";
};

test("a second job of the kind is refused, one of another kind is not", async () => {
  const jobs = new MaintenanceJobs();
  const { begin, end } = held();
  const first = jobs.run("scrub", begin);
  await first.next();
  assert.ok(jobs.isRunning("scrub"));
  await assert.rejects(all(jobs.run("scrub", nothing)), has("MAINTENANCE_RUNNING"));
  assert.deepEqual(await all(jobs.run("fsck", nothing)), ["done"]);
  end();
  assert.deepEqual(await all(first), []);
  assert.deepEqual(await all(jobs.run("scrub", nothing)), ["done"]);
});

test("of those who come while a job ends one is next, and the others are refused", async () => {
  const jobs = new MaintenanceJobs();
  const { begin, end } = held();
  const first = jobs.run("scrub", begin);
  await first.next();
  const next = held();
  const waiting = [1, 2, 3].map(() => jobs.run("scrub", next.begin).next());
  end();
  await all(first);
  const outcomes = await Promise.allSettled(waiting);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
  next.end();
});

test("a job that fails, or that nobody reads on, makes room", async () => {
  const jobs = new MaintenanceJobs();
  const failing = async function* (): AsyncGenerator<string> {
    yield "begun";
    throw new Error("broken");
  };
  await assert.rejects(all(jobs.run("fsck", failing)), /broken/);
  for await (const _item of jobs.run("fsck", held().begin)) break;
  assert.deepEqual(await all(jobs.run("fsck", nothing)), ["done"]);
  assert.ok(!jobs.isRunning("fsck"));
});
