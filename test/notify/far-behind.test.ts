// A webhook that is far behind costs a number, not a queue.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { CREATED, idsIn, PostRoom, PUSH, webhook } from "./post-room.ts";

const EVENTS = 100_000;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

let folder: string;
before(async () => {
  folder = await makeTemporaryDirectory();
});
after(() => removeTemporaryDirectory(folder));

test("a hundred thousand events behind a dead receiver take no memory, and are not lost", async () => {
  await using receiver = await WebhookReceiver.start(() => 500);
  await using room = await PostRoom.open(folder, { tailEvents: 16 });
  room.holdsWaits = true;
  await room.start(webhook({ receiver, batch: 100 }));
  await room.append(1);
  await room.until("the failure", ({ state }) => state === "retrying");
  const before = heapBytes();
  for (let count = 0; count < EVENTS; count += 1000)
    await room.append(1000, count % 10_000 === 0 ? PUSH : CREATED);
  await room.notifier.resume("hook"); // tries again, and fails again
  await receiver.waitFor(2);
  const perEvent = (heapBytes() - before) / EVENTS;
  assert.ok(perEvent < 20, `each event takes ${perEvent.toFixed(1)} bytes`);
  receiver.answer = () => 200;
  await room.notifier.resume("hook");
  const { record } = await room.caughtUp();
  assert.equal(record.delivered, 10_001);
  const arrived = receiver.requests.slice(2).flatMap(idsIn);
  assert.equal(new Set(arrived).size, 10_001);
});
