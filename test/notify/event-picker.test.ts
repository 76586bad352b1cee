// Picking events out of a log that is trimmed meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventPicker } from "../../src/notify/event-picker.ts";
import { ids, PostRoom } from "./post-room.ts";

test("every event is picked, passed over, or counted as removed: exactly one of these", async () => {
  for (let trimmed = 1; trimmed <= 30; trimmed += 3) {
    await using room = await PostRoom.open(undefined, { tailEvents: 1 });
    await room.append(40);
    const looked: string[] = [];
    let trim: Promise<void> | undefined;
    const picker = new EventPicker(room.events, ({ id }) => {
      looked.push(id);
      trim ??= room.metadata.trimEvents(trimmed);
      return id === "e20" || id === "e40";
    });
    let sequence = 0;
    let removed = 0;
    const picked: string[] = [];
    while (sequence < 40) {
      const { events, last, removedUpTo } = await picker.pick(sequence, 1);
      removed += removedUpTo === undefined ? 0 : removedUpTo - sequence;
      picked.push(...events.map(({ event }) => event.id));
      sequence = last;
    }
    await trim;
    assert.equal(looked.length + removed, 40, `trimmed up to ${trimmed}`);
    assert.equal(new Set(looked).size, looked.length);
    if (trimmed < 20) assert.deepEqual(picked, ["e20", "e40"]);
    assert.equal(picked.at(-1), "e40");
  }
});

test("a pick says from where on it looked, and how far", async () => {
  await using room = await PostRoom.open();
  await room.append(10);
  const picker = new EventPicker(room.events, ({ id }) => ids(4, 6).includes(id));
  const { events, from, last, removedUpTo } = await picker.pick(1, 2);
  assert.deepEqual(
    events.map(({ event }) => event.id),
    ["e4", "e5"],
  );
  assert.deepEqual([from, last, removedUpTo], [3, 5, undefined]);
  const rest = await picker.pick(6, 5);
  assert.deepEqual([rest.events.length, rest.from, rest.last], [0, 10, 10]);
});

test("a batch may be larger than what is looked at otherwise", async () => {
  await using room = await PostRoom.open();
  await room.append(1000);
  const picker = new EventPicker(room.events, () => true);
  assert.equal((await picker.pick(0, 1000)).events.length, 1000);
});
