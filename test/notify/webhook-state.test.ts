// What is remembered of a webhook, and what of it is durable.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deadLetterKey, deliveriesKey, webhookKey } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { delivered, firstSeen, gaveUp, placed } from "../../src/notify/progress.ts";
import { WebhookState } from "../../src/notify/webhook-state.ts";
import { PostRoom } from "./post-room.ts";

const quiet = { info() {}, warn() {}, error() {} };

function open({ metadata }: PostRoom): Promise<WebhookState> {
  const initial = () => firstSeen(10, 0);
  return WebhookState.open({ name: "hook", metadata, log: quiet, deliveryLogSize: 2, initial });
}

const attempt = {
  id: "x",
  time: 0,
  durationMs: 1,
  isTest: false,
  attempt: 1,
  first: 1,
  last: 1,
  eventCount: 1,
};

test("what lies behind a place that is not durable yet is still needed", async () => {
  await using room = await PostRoom.open();
  const state = await open(room);
  assert.equal((await room.metadata.get(webhookKey("hook")))?.sequence, 10);
  state.update((record) => delivered(record, { count: 2, time: 5, last: 12 }));
  assert.equal(state.record.sequence, 12);
  assert.equal(state.neededBehind, 10);
  await state.save();
  assert.equal(state.neededBehind, 12);
  state.update((record) => placed(record, 3));
  assert.equal(state.neededBehind, 3);
  await state.close();
  assert.equal((await room.metadata.get(webhookKey("hook")))?.sequence, 3);
});

test("a change that goes with others is not remembered when they cannot be written", async () => {
  const room = await PostRoom.open();
  const state = await open(room);
  await room.metadata.close();
  const change = state.saveWith((record) => gaveUp(record, { dropped: 0, last: 11 }), []);
  await assert.rejects(change);
  assert.equal(state.record.sequence, 10);
  assert.equal(state.record.givenUp, 0);
});

test("what happens while a change is written is kept, and so is the change", async () => {
  await using room = await PostRoom.open();
  const state = await open(room);
  const [event] = [{ id: "e11", time: 0, fact: { kind: "repository_created" } }] as const;
  const letter = { sequence: 11, event, time: 0, attempts: 1, error: "no" };
  const key = deadLetterKey("hook", "11");
  const written = state.saveWith((record) => gaveUp(record, { dropped: 0, last: 11 }), [put(key, letter)]);
  queueMicrotask(() => state.update((record) => ({ ...record, paused: true })));
  await written;
  await state.save();
  const record = await room.metadata.get(webhookKey("hook"));
  assert.deepEqual([record?.sequence, record?.givenUp, record?.paused], [11, 1, true]);
  assert.deepEqual(await room.metadata.get(key), letter);
});

test("the last attempts are as many as there may be, also when there may be fewer than before", async () => {
  await using room = await PostRoom.open();
  const state = await open(room);
  for (const id of ["a", "b", "c"]) state.noteDelivery({ ...attempt, id });
  await state.save();
  const saved = await room.metadata.get(deliveriesKey("hook"));
  assert.deepEqual(
    saved?.deliveries.map(({ id }) => id),
    ["b", "c"],
  );
});
