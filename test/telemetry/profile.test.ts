// Profiles: files that tools open, one at a time, and without anything that is in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createProfiler } from "../../src/telemetry/profile.ts";

const signal = new AbortController().signal;

/** Keeps the processor busy now and then until the work is done. */
async function during<T>(work: Promise<T>): Promise<T> {
  const kept: string[][] = [];
  const timer = setInterval(() => {
    kept.push(Array.from({ length: 20_000 }, (_, index) => `marker-in-memory-${index}`));
  }, 1);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

test("a CPU profile has nodes, samples and times", async () => {
  const take = createProfiler();
  const profile = Object(await during(take("cpu", { seconds: 0.3, signal })));
  assert.ok(profile.nodes.length > 1);
  assert.ok(profile.samples.length > 0);
  assert.equal(profile.samples.length, profile.timeDeltas.length);
  assert.ok(profile.endTime > profile.startTime);
});

test("a heap profile tells who allocated how much, and no value", async () => {
  const take = createProfiler();
  const profile = Object(await during(take("heap", { seconds: 0.3, signal })));
  assert.ok(profile.head.children.length > 0);
  assert.ok(profile.samples.length > 0);
  assert.doesNotMatch(JSON.stringify(profile), /marker-in-memory/);
});

test("one is taken at a time; the next may begin when it is done", async () => {
  const take = createProfiler();
  const leaving = new AbortController();
  const first = take("cpu", { seconds: 60, signal: leaving.signal });
  assert.equal(await take("heap", { seconds: 1, signal }), undefined);
  leaving.abort(); // the client has gone: it does not take its minute
  assert.notEqual(await first, undefined);
  assert.notEqual(await take("cpu", { seconds: 0.01, signal }), undefined);
});
