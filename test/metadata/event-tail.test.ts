// The newest events in memory: what the tail holds, what it lets go of, and when it cannot tell.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { EventTail } from "../../src/metadata/event-tail.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import type { EventRecord } from "../../src/metadata/records.ts";
import { encodeEvent } from "../../src/metadata/value-form.ts";

function eventOf(id: string): EventRecord {
  return { id, time: 1, fact: { kind: "upload_cancelled", uploadId: "u" } };
}

/** Events of this sequence and the following, as bytes of this size. */
function bytesOf(first: number, count: number, size = 200): Uint8Array[] {
  const empty = encodeEvent(eventOf("")).length;
  return Array.from({ length: count }, (_, index) =>
    encodeEvent(eventOf(String(first + index).padStart(size - empty, "0"))),
  );
}

function newTail(): EventTail {
  return new EventTail({ maxEvents: 10, maxBytes: 3000 });
}

function sequencesIn(tail: EventTail, after: number, last: number, limit = 100): number[] | undefined {
  const events = tail.read(after, limit, last);
  for (const { sequence, event } of events ?? []) assert.equal(Number(event.id), sequence);
  return events?.map(({ sequence }) => sequence);
}

describe("the tail of the event log", () => {
  test("begins with the first event it is told of, whatever came before", () => {
    const tail = newTail();
    assert.equal(tail.read(499, 10, 500), undefined);
    tail.append(501, bytesOf(501, 2));
    assert.deepEqual(sequencesIn(tail, 500, 502), [501, 502]);
    assert.deepEqual(sequencesIn(tail, 501, 502), [502]);
    assert.deepEqual(sequencesIn(tail, 502, 502), []);
    assert.equal(tail.read(499, 10, 502), undefined);
  });

  test("holds at most so many events, the newest", () => {
    const tail = newTail();
    for (let first = 1; first <= 40; first += 2) tail.append(first, bytesOf(first, 2));
    assert.deepEqual(tail.size, { events: 10, bytes: 2000 });
    assert.deepEqual(sequencesIn(tail, 30, 40), [31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
    assert.equal(tail.read(29, 1, 40), undefined);
  });

  test("holds at most so many bytes, and nothing of an event larger than that", () => {
    const tail = newTail();
    tail.append(1, bytesOf(1, 5, 700));
    assert.deepEqual(tail.size, { events: 4, bytes: 2800 });
    tail.append(6, bytesOf(6, 1, 3001));
    assert.deepEqual(tail.size, { events: 0, bytes: 0 });
    assert.equal(tail.read(5, 1, 6), undefined);
    tail.append(7, bytesOf(7, 1));
    assert.deepEqual(sequencesIn(tail, 6, 7), [7]);
  });

  test("begins anew behind a gap, so that it never shows one", () => {
    const tail = newTail();
    tail.append(1, bytesOf(1, 3));
    tail.append(6, bytesOf(6, 1));
    assert.deepEqual(tail.size, { events: 1, bytes: 200 });
    for (const after of [0, 2, 3, 4]) assert.equal(tail.read(after, 10, 6), undefined);
    assert.deepEqual(sequencesIn(tail, 5, 6), [6]);
  });

  test("is not confused by commits that it is told of in the wrong order", () => {
    const tail = newTail();
    tail.append(1, bytesOf(1, 1));
    tail.append(3, bytesOf(3, 2));
    tail.append(2, bytesOf(2, 1));
    tail.append(5, bytesOf(5, 1));
    assert.deepEqual(sequencesIn(tail, 2, 5), [3, 4, 5]);
    assert.equal(tail.read(1, 1, 5), undefined);
  });

  test("cannot tell what it was not yet told of", () => {
    const tail = newTail();
    tail.append(1, bytesOf(1, 3));
    assert.equal(tail.read(1, 10, 5), undefined);
    assert.deepEqual(sequencesIn(tail, 1, 5, 2), [2, 3]);
  });

  test("lets go of what was trimmed, also of all, and goes on", () => {
    const tail = newTail();
    tail.append(1, bytesOf(1, 4));
    tail.dropUpTo(2);
    assert.deepEqual(tail.size, { events: 2, bytes: 400 });
    assert.equal(tail.read(1, 1, 4), undefined);
    assert.deepEqual(sequencesIn(tail, 2, 4), [3, 4]);
    tail.dropUpTo(100);
    assert.deepEqual(tail.size, { events: 0, bytes: 0 });
    tail.append(5, bytesOf(5, 1));
    assert.deepEqual(sequencesIn(tail, 4, 5), [5]);
  });

  test("gives all readers the same objects, and each an array of its own", async () => {
    const metadata = new Catalogue(await openMemoryEngine());
    await metadata.commit({ changes: [], events: [eventOf("a"), eventOf("b")] });
    const [one, other] = await Promise.all([metadata.readEvents(0, 9), metadata.readEvents(0, 9)]);
    assert.notEqual(one, other);
    assert.equal(one[1], other[1]);
    await metadata.close();
  });

  test("does not speak of commits that met a conflict", async () => {
    const engine = await openMemoryEngine();
    const metadata = new Catalogue(engine);
    const key = { text: "r/a" };
    const expectations = [{ key, record: { createTime: 1 } }];
    const commits = Array.from({ length: 20 }, (_, index) =>
      metadata.commit({
        changes: [],
        expectations: index % 2 === 0 ? [] : expectations,
        events: [eventOf(String(index))],
      }),
    );
    await Promise.allSettled(commits);
    const events = await metadata.readEvents(0, 100);
    assert.deepEqual(events, await new Catalogue(engine, { tailEvents: 0 }).readEvents(0, 100));
    assert.deepEqual(
      events.map(({ event }) => Number(event.id)),
      [0, 2, 4, 6, 8, 10, 12, 14, 16, 18],
    );
    await metadata.close();
  });
});
