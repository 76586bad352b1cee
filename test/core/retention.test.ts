// What retention removes, for whom it waits, and what it does not believe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumers } from "../../src/core/consumers.ts";
import { EventLog } from "../../src/core/events.ts";
import { Retention, type RetentionOptions } from "../../src/core/retention.ts";
import type { MetadataStore } from "../../src/metadata/metadata-store.ts";
import { append, eventAt, withLog } from "./log.ts";

const HOUR = 60 * 60_000;

interface Setting {
  readonly metadata: MetadataStore;
  readonly consumers: Consumers;
  /** Runs at this hour, and resolves to up to where events are then removed. */
  readonly runAt: (hour: number, options?: { readonly steadyHour?: number }) => Promise<number>;
}

/** A log of a hundred events: event n happened at hour n. */
async function withRetention(
  options: Partial<RetentionOptions>,
  run: (setting: Setting) => Promise<void>,
): Promise<void> {
  await withLog(async ({ metadata }) => {
    await append(
      metadata,
      Array.from({ length: 100 }, (_, index) => eventAt((index + 1) * HOUR)),
    );
    const clock = { time: 0, steady: 0 };
    const now = () => clock.time;
    const retention = new Retention({ metadata, now, steadyNow: () => clock.steady, holdMs: 0, ...options });
    await run({
      metadata,
      consumers: new Consumers({ metadata, events: new EventLog(metadata), now }),
      async runAt(hour, { steadyHour = hour } = {}) {
        clock.time = hour * HOUR + 60_000; // past what may stand out of order
        clock.steady = steadyHour * HOUR;
        await retention.run();
        return metadata.trimmedSequence();
      },
    });
  });
}

test("without limits everything is kept", () =>
  withRetention({}, async ({ runAt }) => {
    assert.equal(await runAt(100_000), 0);
  }));

test("events go when they are too old, and the log may become empty", () =>
  withRetention({ ageMs: 10 * HOUR }, async ({ runAt, metadata }) => {
    assert.equal(await runAt(5), 0);
    assert.equal(await runAt(10), 0);
    assert.equal(await runAt(11), 1);
    assert.equal(await runAt(60), 50);
    assert.equal(await runAt(59), 50, "what is removed stays removed");
    assert.equal(await runAt(500), 100);
    assert.equal(metadata.lastSequence(), 100);
  }));

test("events go when there are too many, whoever is behind", () =>
  withRetention({ count: 30, holdMs: 1000 * HOUR }, async ({ runAt, consumers }) => {
    await consumers.create("slow", { kind: "start" });
    assert.equal(await runAt(0), 70);
  }));

test("events wait for a consumer that is behind, but not for ever", () =>
  withRetention({ ageMs: 10 * HOUR, holdMs: 20 * HOUR }, async ({ runAt, consumers }) => {
    await consumers.create("slow", { kind: "after", sequence: 40 });
    await consumers.create("fast", { kind: "now" });
    assert.equal(await runAt(45), 35, "nobody is behind what is too old");
    assert.equal(await runAt(60), 40, "all but what it has had waits");
    await consumers.acknowledge("slow", 45);
    assert.equal(await runAt(60), 45);
    assert.equal(await runAt(90), 60, "after the hold it waits no more");
    assert.equal(await runAt(90), 80, "who has missed events is waited for no more");
  }));

test("others than consumers are waited for as well, and count is above age", async () => {
  const others = async () => [20, 30];
  await withRetention({ ageMs: 10 * HOUR, holdMs: 1000 * HOUR, others }, async ({ runAt }) => {
    assert.equal(await runAt(90), 20);
  });
  await withRetention({ ageMs: 10 * HOUR, holdMs: 1000 * HOUR, others, count: 75 }, async ({ runAt }) => {
    assert.equal(await runAt(90), 25);
  });
});

test("a clock that jumps empties nothing until it has kept step for an hour", () =>
  withRetention({ ageMs: 10 * HOUR }, async ({ runAt }) => {
    assert.equal(await runAt(20), 10);
    assert.equal(await runAt(90_000, { steadyHour: 20.1 }), 10);
    assert.equal(await runAt(90_000.5, { steadyHour: 20.6 }), 10);
    assert.equal(await runAt(20.7, { steadyHour: 20.7 }), 10, "set back again");
    assert.equal(await runAt(21.9, { steadyHour: 21.9 }), 11);
    assert.equal(await runAt(50, { steadyHour: 22 }), 11);
    assert.equal(await runAt(51.1, { steadyHour: 23.1 }), 41, "it seems to be right");
  }));

test("a few events out of order stay rather than go too early", () =>
  withLog(async ({ metadata }) => {
    const times = [1, 2, HOUR, HOUR - 2000, HOUR + 1, 2 * HOUR];
    await append(
      metadata,
      times.map((time) => eventAt(time)),
    );
    const retention = new Retention({ metadata, now: () => 2 * HOUR - 1000, ageMs: HOUR, holdMs: 0 });
    await retention.run();
    assert.equal(metadata.trimmedSequence(), 2);
  }));

test("who asks while a run is under way waits for that one", () =>
  withRetention({ count: 10 }, async ({ metadata }) => {
    const retention = new Retention({ metadata, now: () => 0, count: 10, holdMs: 0 });
    const first = retention.run();
    assert.equal(retention.run(), first);
    await first;
    assert.equal(metadata.trimmedSequence(), 90);
    await append(metadata, [eventAt(1)]);
    await retention.run();
    assert.equal(metadata.trimmedSequence(), 91);
  }));
