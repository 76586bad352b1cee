// Several events in one POST, and how one that the receiver cannot take is found among them.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ReceivedRequest, WebhookReceiver } from "../support/webhook-receiver.ts";
import { ids, idsIn, PostRoom, PUSH, webhook } from "./post-room.ts";

/** How many events each of the POSTs had. */
function sizes(requests: readonly ReceivedRequest[]): readonly number[] {
  return requests.map((request) => idsIn(request).length);
}

suite("batches", () => {
  test("what waits goes together, up to the limit; nothing waits for more", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, batch: 4 }));
    await room.append(10);
    await room.caughtUp();
    await room.append(1);
    await room.caughtUp();
    assert.deepEqual(sizes(receiver.requests), [4, 4, 2, 1]);
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 11));
    const seen = receiver.requests.map(({ headers }) => headers["webhook-id"]);
    assert.deepEqual(seen, ["e1-4", "e5-4", "e9-2", "e11"]);
  });

  test("after a failure one event goes alone, then twice as many each time", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count === 1 ? 500 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, batch: 8 }));
    await room.append(20);
    await room.caughtUp();
    assert.deepEqual(sizes(receiver.requests), [8, 1, 2, 4, 8, 5]);
    assert.deepEqual(receiver.requests.slice(1).flatMap(idsIn), ids(1, 20));
  });

  test("an event that the receiver refuses is put aside without its neighbours", async () => {
    const refused = (request: ReceivedRequest) => idsIn(request).includes("e13");
    await using receiver = await WebhookReceiver.start((request) => (refused(request) ? 422 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, batch: 16, giveUp: { statuses: [422] } }));
    await room.append(40);
    const { record } = await room.caughtUp();
    const arrived = receiver.requests.filter((request) => !refused(request)).flatMap(idsIn);
    assert.deepEqual(
      arrived,
      ids(1, 40).filter((id) => id !== "e13"),
    );
    assert.equal(record.givenUp, 1);
    assert.equal(record.delivered, 39);
    const { letters } = await room.notifier.listDeadLetters("hook", { limit: 10 });
    assert.deepEqual(
      letters.map(({ sequence, status }) => ({ sequence, status })),
      [{ sequence: 13, status: 422 }],
    );
  });

  test("a POST ends before its events name too much", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, batch: 100 }));
    const references = Array.from({ length: 500 }, () => PUSH.descriptor);
    await room.append(50, { ...PUSH, references });
    await room.caughtUp();
    assert.deepEqual(sizes(receiver.requests), [20, 20, 10]);
  });
});
