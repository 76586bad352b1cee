// What a webhook remembers: over a restart, a kill, and a time without it in the configuration.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { webhookKey } from "../../src/metadata/keys.ts";
import type { WebhookFailure } from "../../src/metadata/records.ts";
import { eventually } from "../support/eventually.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { ids, idsIn, PostRoom, webhook } from "./post-room.ts";

/** The place that a restart would begin behind. */
async function savedPlace(room: PostRoom): Promise<number | undefined> {
  return (await room.metadata.get(webhookKey("hook")))?.sequence;
}

suite("a restart", () => {
  let folder: string;

  before(async () => {
    folder = await makeTemporaryDirectory();
  });
  after(() => removeTemporaryDirectory(folder));

  test("on LevelDB goes on where it was: nothing is missing and nothing comes twice", async () => {
    await using receiver = await WebhookReceiver.start();
    for (let round = 0; round < 3; round++) {
      await using room = await PostRoom.open(`${folder}/going-on`);
      await room.start(webhook({ receiver, batch: 3 }));
      await room.append(20);
      await receiver.waitFor(1 + round * 7);
    }
    await using room = await PostRoom.open(`${folder}/going-on`);
    await room.start(webhook({ receiver }));
    const { record } = await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 60));
    assert.equal(record.delivered, 60);
  });

  test("in the middle of failure keeps the attempts, their beginning and the wait", async () => {
    await using receiver = await WebhookReceiver.start(() => 503);
    const hook = webhook({ receiver });
    let before: WebhookFailure | undefined;
    {
      await using room = await PostRoom.open(`${folder}/failing`);
      room.holdsWaits = true;
      await room.start(hook);
      await room.append(2);
      for (const attempts of [1, 2, 3]) {
        await room.until("a failure", ({ record }) => record.failure?.attempts === attempts);
        room.time += 5000;
        if (attempts < 3) await room.notifier.resume("hook");
      }
      before = room.status().record.failure;
      assert.equal(before?.since, room.time - 15_000);
      assert.equal(before.nextAttemptTime, room.time - 5000 + 1000);
    }
    await using room = await PostRoom.open(`${folder}/failing`);
    room.time = before.nextAttemptTime - 400;
    room.holdsWaits = true;
    await room.start({ ...hook, giveUp: { attempts: 5, statuses: [] } });
    assert.deepEqual(room.status().record.failure, before);
    await eventually("the wait", async () => (room.waits.length > 0 ? true : undefined));
    assert.deepEqual(room.waits, [400]);
    assert.equal(receiver.requests.length, 3);
    await room.notifier.resume("hook");
    await room.until("the fourth failure", ({ record }) => record.failure?.attempts === 4);
    await room.notifier.resume("hook");
    const { record } = await room.until("the end of patience", ({ record }) => record.givenUp === 1);
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e1", "e1", "e1", "e1"]);
    assert.equal(record.sequence, 1);
  });

  test("keeps a pause, the last attempts and the dead letters", async () => {
    await using receiver = await WebhookReceiver.start(() => 400);
    const hook = webhook({ receiver, giveUp: { statuses: [400] } });
    {
      await using room = await PostRoom.open(`${folder}/paused`);
      await room.start(hook);
      await room.append(2);
      await room.caughtUp();
      await room.notifier.pause("hook");
      await room.append(1);
    }
    await using room = await PostRoom.open(`${folder}/paused`);
    await room.start({ ...hook, deliveryLogSize: 1 });
    assert.equal(room.status().state, "paused");
    assert.equal(room.status().lag, 1);
    assert.deepEqual(
      room.notifier.deliveries("hook").map(({ id }) => id),
      ["e2"],
    );
    const { letters } = await room.notifier.listDeadLetters("hook", { limit: 10 });
    assert.deepEqual(
      letters.map(({ event }) => event.id),
      ["e1", "e2"],
    );
    assert.equal(receiver.requests.length, 2);
  });

  test("of a catalogue that failed brings everything that could not be written down", async () => {
    await using receiver = await WebhookReceiver.start();
    const hook = webhook({ receiver, giveUp: { statuses: [400] } });
    {
      const room = await PostRoom.open(`${folder}/broken`);
      room.holdsWaits = true;
      await room.start(hook);
      receiver.answer = async () => {
        await room.metadata.close();
        return 400;
      };
      await room.append(1);
      await eventually("the stumble", async () => (room.messages("error").length > 0 ? true : undefined));
      assert.equal(room.status().record.sequence, 0);
      assert.equal(room.status().record.failure?.status, 400);
      await room.notifier.close();
      assert.deepEqual(room.messages("error"), [
        "delivering to the webhook stumbled; it will be tried again",
      ]);
    }
    receiver.answer = () => 200;
    await using room = await PostRoom.open(`${folder}/broken`);
    await room.start(hook);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e1"]);
    const { letters } = await room.notifier.listDeadLetters("hook", { limit: 10 });
    assert.deepEqual(letters, []);
  });

  test("after a kill repeats at most what was delivered since the last save", async () => {
    await using receiver = await WebhookReceiver.start((_, count) =>
      count === 4 ? new Promise(() => {}) : 200,
    );
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(5);
    await receiver.waitFor(4);
    await eventually("a save", async () => ((await savedPlace(room)) === 3 ? true : undefined));
    const killed = room.notifier; // it never comes to its end; what it knows is what it saved
    room.graceMs = 0;
    await room.start(webhook({ receiver }));
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e2", "e3", "e4", "e4", "e5"]);
    const closing = killed.close();
    receiver.close().catch(() => {});
    await closing;
  });
});

suite("closing", () => {
  test("lets a POST under way finish, and remembers that it did", async () => {
    let answer: () => void = () => {};
    await using receiver = await WebhookReceiver.start(async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return 200;
    });
    await using room = await PostRoom.open();
    room.graceMs = 20_000;
    await room.start(webhook({ receiver }));
    await room.append(2);
    await receiver.waitFor(1);
    const closed = room.notifier.close();
    answer();
    await closed;
    assert.equal(await savedPlace(room), 1);
    assert.equal(receiver.requests.length, 1);
    await room.notifier.close();
  });

  test("breaks off a POST that takes too long; it is no failure, and is made again", async () => {
    await using receiver = await WebhookReceiver.start((_, count) =>
      count === 1 ? new Promise(() => {}) : 200,
    );
    await using room = await PostRoom.open();
    room.graceMs = 10;
    await room.start(webhook({ receiver, timeoutMs: 60_000 }));
    await room.append(1);
    await receiver.waitFor(1);
    await room.restart(webhook({ receiver }));
    const { record } = await room.caughtUp();
    assert.equal(record.failedAttempts, 0);
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e1"]);
  });

  test("cuts a wait after a failure short", async () => {
    await using receiver = await WebhookReceiver.start(() => 500);
    await using room = await PostRoom.open();
    room.holdsWaits = true;
    await room.start(webhook({ receiver }));
    await room.append(1);
    await room.until("the failure", ({ state }) => state === "retrying");
    await room.notifier.close();
    assert.equal((await room.metadata.get(webhookKey("hook")))?.failure?.attempts, 1);
  });
});

suite("places in the log", () => {
  test("are held for paused and failing webhooks, not for disabled or forgotten ones", async () => {
    await using receiver = await WebhookReceiver.start(() => 500);
    await using room = await PostRoom.open();
    room.holdsWaits = true;
    const failing = webhook({ name: "failing", receiver });
    const paused = webhook({ name: "paused", receiver });
    const off = webhook({ name: "off", disabled: true, receiver });
    assert.deepEqual(await room.start(failing, paused, off, webhook({ name: "gone", receiver })), undefined);
    await room.notifier.pause("paused");
    await room.append(3);
    await room.restart(failing, paused, off);
    assert.deepEqual(room.notifier.positions(), [0, 0]);
    await room.notifier.replay("paused", { kind: "after", sequence: 2 });
    assert.deepEqual(room.notifier.positions(), [0, 2]);
    assert.equal(room.status("off").lag, 3);
  });

  test("of a webhook that comes back into the configuration are the old ones", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(2);
    await room.caughtUp();
    await room.restart();
    await room.append(2);
    assert.deepEqual(room.notifier.positions(), []);
    await room.restart(webhook({ receiver, disabled: true }));
    await room.append(1);
    await room.restart(webhook({ receiver }));
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 5));
  });
});
