// The event log's readers: pages, places, and many subscribers at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { parseEventFilter } from "../../src/core/event-filter.ts";
import type { EventStart } from "../../src/core/events.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { append, appendMany, DESCRIPTOR, EVERYTHING, eventAt, Reader, withLog } from "./log.ts";
import { has } from "./study.ts";

const NOTHING = parseEventFilter({ kinds: ["tag_moved"] });
const after = (sequence: number): EventStart => ({ kind: "after", sequence });
const START: EventStart = { kind: "start" };

test("a page ends before it names more tags and references than a message can hold", () =>
  withLog(async ({ log, metadata }) => {
    const tags = Array.from({ length: 1000 }, (_, index) => parseTag(`t${index}`));
    const references = Array.from({ length: 500 }, () => DESCRIPTOR);
    const fact = { kind: "manifest_pushed", descriptor: DESCRIPTOR, tags, references } as const;
    await append(
      metadata,
      Array.from({ length: 12 }, (_, index) => eventAt(index, fact)),
    );
    for (const [withReferences, most] of [
      [false, 10],
      [true, 6],
    ] as const) {
      const request = { filter: EVERYTHING, limit: 100, withReferences };
      const first = await log.list({ ...request, start: START });
      assert.deepEqual([first.events.length, first.sequence, first.more], [most, most, true]);
      const second = await log.list({ ...request, start: after(first.sequence) });
      assert.deepEqual([second.events.length, second.sequence, second.more], [12 - most, 12, false]);
    }
  }));

test("a filter that nothing passes does not make one page read the whole log", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 45_000);
    const request = { filter: NOTHING, limit: 10, withReferences: false };
    const pages: (readonly [number, boolean])[] = [];
    for (let more = true, sequence = 0; more; ) {
      const page = await log.list({ ...request, start: after(sequence) });
      assert.deepEqual(page.events, []);
      ({ more, sequence } = page);
      pages.push([sequence, more]);
    }
    assert.equal(pages.length, 3);
    assert.deepEqual(pages.at(-1), [45_000, false]);
  }));

test("a cursor before the first kept event has expired, at that event's it has not", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 10);
    await metadata.trimEvents(4);
    const list = (start: EventStart) =>
      log.list({ start, filter: EVERYTHING, limit: 100, withReferences: false });
    await assert.rejects(list(after(3)), { code: "CURSOR_EXPIRED", metadata: { cursor: "3", oldest: "4" } });
    await assert.rejects(list(after(11)), { code: "CURSOR_INVALID", metadata: { cursor: "11" } });
    assert.deepEqual(
      (await list(after(4))).events.map(({ sequence }) => sequence),
      [5, 6, 7, 8, 9, 10],
    );
    assert.deepEqual((await list(START)).events.length, 6);
    await metadata.trimEvents(10);
    assert.deepEqual(await list(START), { events: [], sequence: 10, more: false });
    assert.deepEqual(await list(after(10)), { events: [], sequence: 10, more: false });
    const reader = new Reader(log, { start: after(9) });
    await assert.rejects(reader.next(), has("CURSOR_EXPIRED"));
  }));

test("a subscriber that retention overtakes is told so instead of losing events silently", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 500);
    const reader = new Reader(log, { start: START });
    assert.deepEqual(await reader.take(2), ["ready 0", "event 1"]);
    await metadata.trimEvents(300);
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for (;;) {
          const delivery = await reader.next();
          if (delivery?.kind === "event") seen.push(delivery.sequence);
        }
      },
      { code: "CURSOR_EXPIRED", metadata: { cursor: "64", oldest: "300" } },
    );
    assert.deepEqual(
      seen,
      Array.from({ length: 63 }, (_, index) => index + 2),
      "what it had begun is whole",
    );
  }));

test("a subscriber whose whole rest was removed is told so as well", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 100);
    const reader = new Reader(log, { start: after(10) });
    assert.deepEqual(await reader.take(1), ["ready 10"]);
    await metadata.trimEvents(100);
    await assert.rejects(reader.next(), has("CURSOR_EXPIRED"));
  }));

test("a time is found, also where events stand a little out of order", () =>
  withLog(async ({ log, metadata }) => {
    const times = [10_000, 20_000, 30_000, 29_000, 28_500, 40_000, 39_000, 50_000, 60_000];
    await append(
      metadata,
      times.map((time) => eventAt(time)),
    );
    const found = (time: number) => log.resolve({ kind: "time", time });
    for (const time of [0, 10_000, 10_001, 20_000, 29_500, 30_000, 30_001, 39_500, 40_001, 60_000, 60_001]) {
      const index = times.findIndex((one) => one >= time);
      assert.equal(await found(time), index === -1 ? times.length : index, `time ${time}`);
    }
    await metadata.trimEvents(5);
    assert.equal(await found(0), 5);
    await metadata.trimEvents(9);
    assert.equal(await found(0), 9);
  }));

test("a time is found in a long log with few reads", () =>
  withLog(
    async ({ log, metadata }) => {
      await append(
        metadata,
        Array.from({ length: 20_000 }, (_, index) => eventAt(index * 10_000)),
      );
      assert.equal(await log.resolve({ kind: "time", time: 123_450_000 }), 12_345);
    },
    { tailEvents: 10 },
  ));

test("a thousand subscribers all get every event once and in order, and none holds the writer up", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 1000);
    const readers = Array.from(
      { length: 1000 },
      (_, index) => new Reader(log, { start: index % 2 === 0 ? { kind: "now" } : after(900) }),
    );
    const taken = readers.map((reader, index) => reader.take(index % 2 === 0 ? 51 : 151));
    await turn();
    for (let index = 0; index < 50; index++) await append(metadata, [eventAt(2000 + index)]);
    for (const [index, found] of (await Promise.all(taken)).entries()) {
      const first = index % 2 === 0 ? 1000 : 900;
      const expected = Array.from({ length: 1050 - first }, (_, step) => `event ${first + step + 1}`);
      assert.deepEqual(found, [`ready ${first}`, ...expected]);
    }
    for (const reader of readers) reader.leave();
  }));

test("subscribers that have much to catch up let others in between", () =>
  withLog(async ({ log, metadata }) => {
    await appendMany(metadata, 4000);
    const readers = Array.from({ length: 20 }, () => new Reader(log, { start: START }));
    let done = 0;
    const all = Promise.all(readers.map((reader) => reader.take(4001).then(() => done++)));
    let turns = 0;
    let longest = 0;
    for (let last = performance.now(); done < readers.length; turns++) {
      await turn();
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    await all;
    assert.ok(turns > 20, `the event loop turned ${turns} times`);
    assert.ok(longest < 250, `one turn took ${longest} ms`);
  }));

test("waiting ends with an event, with the time, and when nobody wants to know any more", () =>
  withLog(async ({ log, metadata }) => {
    const leave = new AbortController();
    const { signal } = leave;
    await log.waitBehind(0, { signal, timeoutMs: 20 });
    assert.equal(log.lastSequence(), 0);
    const waits = [log.waitBehind(0, { signal }), log.waitBehind(0, { signal, timeoutMs: 60_000 })];
    const later = log.waitBehind(1, { signal, timeoutMs: 60_000 });
    await append(metadata, [eventAt(1)]);
    await Promise.all(waits);
    await log.waitBehind(0, { signal });
    leave.abort();
    await later;
    await log.waitBehind(1, { signal });
  }));

test("a stream on which nothing passes sends keepalives that move on", () =>
  withLog(async ({ log, metadata }) => {
    const reader = new Reader(log, { filter: NOTHING, keepaliveMs: 20 });
    assert.deepEqual(await reader.take(2), ["ready 0", "keepalive 0"]);
    await appendMany(metadata, 3);
    const seen = await reader.take(2);
    assert.equal(seen.at(-1), "keepalive 3");
    reader.leave();
    assert.equal(await reader.next(), undefined);
  }));

test("large events are read a few at a time, and none is left out", async () => {
  const reference = { ...DESCRIPTOR, mediaType: `application/${"x".repeat(200)}` };
  const references = Array.from({ length: 500 }, () => reference);
  const fact = { kind: "manifest_pushed", descriptor: DESCRIPTOR, tags: [], references } as const;
  for (const tailEvents of [0, 100]) {
    await withLog(
      async ({ log, metadata }) => {
        for (let index = 0; index < 20; index++) await append(metadata, [eventAt(index, fact)]);
        assert.ok((await log.readOn(0, 64)).length < 5);
        const reader = new Reader(log, { start: START });
        const expected = Array.from({ length: 20 }, (_, index) => `event ${index + 1}`);
        assert.deepEqual(await reader.take(21), ["ready 0", ...expected]);
        reader.leave();
        const page = await log.list({ start: START, filter: EVERYTHING, limit: 100, withReferences: false });
        assert.equal(page.events.length, 20);
        assert.deepEqual([page.sequence, page.more], [20, false]);
        assert.equal(await log.resolve({ kind: "time", time: 15 }), 15);
      },
      { tailEvents },
    );
  }
});
