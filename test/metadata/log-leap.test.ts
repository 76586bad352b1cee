// When the log moves forward, every place in it that the catalogue remembers moves with it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boundsIn, leapRow, leapTarget } from "../../src/metadata/log-leap.ts";
import type { RawRow } from "../../src/metadata/metadata-store.ts";

const row = (key: string, record: unknown): RawRow => ({
  key,
  value: Buffer.from(`1${JSON.stringify(record)}`),
});
const recordOf = ({ value }: RawRow): unknown => JSON.parse(Buffer.from(value).toString().slice(1));

test("events, consumers, webhooks and dead letters move by the same", () => {
  assert.equal(leapRow(row("e/0000000000000012", { id: "x" }), 5000).key, "e/0000000000005012");
  assert.deepEqual(recordOf(leapRow(row("k/reader", { sequence: 7, createTime: 1 }), 5000)), {
    sequence: 5007,
    createTime: 1,
  });
  assert.deepEqual(recordOf(leapRow(row("w/hook", { sequence: 8, missed: 2 }), 5000)), {
    sequence: 5008,
    missed: 2,
  });
  assert.deepEqual(recordOf(leapRow(row("q/hook\0id", { sequence: 3, event: { id: "x" } }), 5000)), {
    sequence: 5003,
    event: { id: "x" },
  });
  const deliveries = [
    { first: 3, last: 4 },
    { first: 0, last: 0 },
  ];
  assert.deepEqual(recordOf(leapRow(row("h/hook", { deliveries }), 5000)), {
    deliveries: [
      { first: 5003, last: 5004 },
      { first: 0, last: 0 },
    ],
  });
});

test("all else stays, byte by byte", () => {
  for (const key of ["t/a\0v1", "n/held/x", "s/events", "p/x", "T/a\0v1\0x"]) {
    const before = row(key, { sequence: 7 });
    assert.equal(leapRow(before, 5000), before);
  }
  assert.deepEqual(boundsIn({ key: "s/events", value: Buffer.from("12") }), { last: 12 });
  assert.deepEqual(boundsIn({ key: "s/trimmed", value: Buffer.from("3") }), { trimmed: 3 });
});

test("a leap goes where no log has come to, also when the clock was set back", () => {
  const now = Date.UTC(2026, 0, 1);
  const first = leapTarget({ now, known: 12 });
  assert.ok(first > 12 && Number.isSafeInteger(first));
  assert.ok(leapTarget({ now: now + 1, known: 12 }) > first);
  assert.ok(leapTarget({ now: now - 1e9, known: first + 5 }) > first + 5);
  // The keys of events have room for sixteen digits, which is enough for two centuries.
  assert.ok(leapTarget({ now: Date.UTC(2226, 0, 1), known: 0 }) < Number.MAX_SAFE_INTEGER);
});
