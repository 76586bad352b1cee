// What a webhook has lost, or gave up on, is told before anybody asks why.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { PostRoom, webhook } from "./post-room.ts";

test("what a paused webhook lost is visible before it goes on, and is warned of once", async () => {
  await using receiver = await WebhookReceiver.start();
  await using room = await PostRoom.open();
  await room.start(webhook({ receiver }));
  await room.notifier.pause("hook");
  await room.append(5);
  room.notifier.noteRemoved();
  assert.deepEqual(room.messages("warn"), []);
  await room.metadata.trimEvents(3);
  room.notifier.noteRemoved();
  await room.metadata.trimEvents(4);
  room.notifier.noteRemoved();
  assert.deepEqual(
    room.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields),
    [{ webhook: "hook", count: 3 }],
  );
  const { lag, missedAhead, record } = room.status();
  assert.deepEqual([lag, missedAhead, record.missed], [1, 4, 0]);
  await room.notifier.resume("hook");
  const after = await room.caughtUp();
  await receiver.waitFor(1);
  assert.deepEqual([after.missedAhead, after.record.missed], [0, 4]);
});

test("how many dead letters there are is known at once, also after a restart", async () => {
  await using receiver = await WebhookReceiver.start(() => 400);
  await using room = await PostRoom.open();
  const hook = webhook({ receiver, giveUp: { statuses: [400] } });
  await room.start(hook);
  await room.append(3);
  await room.caughtUp();
  assert.equal(room.status().deadLetters, 3);
  await room.restart(hook);
  assert.equal(room.status().deadLetters, 3);
  await room.notifier.deleteDeadLetters("hook", ["2"]);
  assert.equal(room.status().deadLetters, 2);
  await room.notifier.deleteDeadLetters("hook", []);
  assert.equal(room.status().deadLetters, 0);
});
