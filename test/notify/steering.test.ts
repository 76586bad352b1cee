// Pause, resume, replay, test: what the operator asks for is durable, and happens at once.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { webhookKey } from "../../src/metadata/keys.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { ids, idsIn, PostRoom, webhook } from "./post-room.ts";

const has = (code: string) => (error: RegistryError) => error.code === code;
const signal = new AbortController().signal;

suite("steering", () => {
  test("nothing is delivered before it is told to begin, however often that is", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.prepare(webhook({ receiver }));
    await room.append(3);
    await room.notifier.resume("hook");
    await room.notifier.test("hook", signal); // there and back: a delivery would have come before it
    assert.deepEqual(receiver.requests.map(idsIn), [[]]);
    assert.equal(room.status().lag, 3);
    room.notifier.begin();
    room.notifier.begin();
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 3));
  });

  test("a paused webhook gets nothing until it is resumed, and then everything", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }), webhook({ name: "other", receiver }));
    assert.equal((await room.notifier.pause("hook")).state, "paused");
    assert.equal((await room.metadata.get(webhookKey("hook")))?.paused, true);
    await room.append(3);
    await room.caughtUp("other");
    assert.equal(room.status().lag, 3);
    assert.equal((await room.notifier.pause("hook")).state, "paused");
    assert.equal((await room.notifier.resume("hook")).state, "active");
    assert.equal((await room.metadata.get(webhookKey("hook")))?.paused, false);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), [...ids(1, 3), ...ids(1, 3)]);
  });

  test("a delivery under way is completed and counts, although the webhook was paused", async () => {
    let answer: () => void = () => {};
    await using receiver = await WebhookReceiver.start(async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return 200;
    });
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(2);
    await receiver.waitFor(1);
    await room.notifier.pause("hook");
    answer();
    await room.until("the first delivery", ({ record }) => record.sequence === 1);
    assert.equal(room.status().state, "paused");
    assert.equal(receiver.requests.length, 1);
  });

  test("resuming cuts a wait after a failure short", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count === 1 ? 500 : 200));
    await using room = await PostRoom.open();
    room.holdsWaits = true;
    await room.start(webhook({ receiver }));
    await room.append(1);
    const { record } = await room.until("the failure", ({ state }) => state === "retrying");
    assert.equal(record.failure?.nextAttemptTime, room.time + 1000);
    await room.notifier.resume("hook");
    await room.caughtUp();
    assert.equal(receiver.requests.length, 2);
  });

  test("a webhook that is paused while it waits tries at once when it is resumed", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count === 1 ? 500 : 200));
    await using room = await PostRoom.open();
    room.holdsWaits = true;
    await room.start(webhook({ receiver }));
    await room.append(1);
    await room.until("the failure", ({ state }) => state === "retrying");
    assert.equal((await room.notifier.pause("hook")).state, "paused");
    await room.notifier.resume("hook");
    await room.caughtUp();
    assert.equal(room.waits.length, 1);
  });

  test("a replay goes back in the log, or skips what waits", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(4);
    await room.caughtUp();
    await room.notifier.replay("hook", { kind: "after", sequence: 2 });
    await receiver.waitFor(6);
    assert.deepEqual(receiver.requests.slice(4).flatMap(idsIn), ["e3", "e4"]);
    await room.caughtUp();
    await room.notifier.pause("hook");
    await room.append(10);
    assert.equal((await room.notifier.replay("hook", { kind: "now" })).lag, 0);
    assert.equal((await room.metadata.get(webhookKey("hook")))?.sequence, 14);
    await room.notifier.resume("hook");
    await room.append(1);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.slice(6).flatMap(idsIn), ["e15"]);
  });

  test("a replay ends a wait, and the failure was another event's", async () => {
    await using receiver = await WebhookReceiver.start((request) => (idsIn(request)[0] === "e1" ? 500 : 200));
    await using room = await PostRoom.open();
    room.holdsWaits = true;
    await room.start(webhook({ receiver }));
    await room.append(2);
    await room.until("the failure", ({ state }) => state === "retrying");
    const status = await room.notifier.replay("hook", { kind: "after", sequence: 1 });
    assert.equal(status.state, "active");
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e2"]);
  });

  test("a failure that comes back after a replay is counted, and nothing waits for it", async () => {
    let answer: () => void = () => {};
    await using receiver = await WebhookReceiver.start(async (_, count) => {
      if (count > 1) return 200;
      await new Promise<void>((resolve) => (answer = resolve));
      return 500;
    });
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, giveUp: { attempts: 1, statuses: [500] } }));
    await room.append(2);
    await receiver.waitFor(1);
    await room.notifier.replay("hook", { kind: "after", sequence: 1 });
    answer();
    const { record } = await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e2"]);
    assert.deepEqual([record.failedAttempts, record.givenUp, room.waits.length], [1, 0, 0]);
  });

  test("a replay to where nothing is any more, or nothing is yet, is refused", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(5);
    await room.caughtUp();
    await room.metadata.trimEvents(3);
    const { notifier } = room;
    await assert.rejects(notifier.replay("hook", { kind: "after", sequence: 6 }), {
      code: "CURSOR_INVALID",
      message: "cursor 6 is past the end of the log, which is at 5",
    });
    await assert.rejects(notifier.replay("hook", { kind: "after", sequence: 2 }), has("CURSOR_EXPIRED"));
    assert.equal(room.status().record.sequence, 5);
    await notifier.replay("hook", { kind: "start" });
    await receiver.waitFor(7);
    assert.deepEqual(receiver.requests.slice(5).flatMap(idsIn), ["e4", "e5"]);
  });

  test("each steering is logged, with the webhook and its place", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(2);
    await room.caughtUp();
    room.lines.length = 0;
    await room.notifier.pause("hook");
    await room.notifier.replay("hook", { kind: "after", sequence: 1 });
    await room.notifier.resume("hook");
    const line = (cursor: number, message: string) => ({
      level: "info",
      fields: { webhook: "hook", cursor },
      message,
    });
    assert.deepEqual(room.lines, [
      line(2, "a webhook was paused"),
      line(1, "a webhook was sent to another place in the log"),
      line(1, "a webhook was resumed"),
    ]);
  });

  test("a test is posted once, also when the webhook is paused, disabled or fails, and changes nothing", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count === 2 ? 500 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }), webhook({ name: "off", disabled: true, receiver }));
    await room.notifier.pause("hook");
    await room.append(1);
    const before = room.status().record;
    const good = await room.notifier.test("hook", signal);
    const bad = await room.notifier.test("hook", signal);
    assert.deepEqual(
      [good, bad].map(({ isTest, attempt, first, last, eventCount, status, error }) => [
        isTest,
        attempt,
        first,
        last,
        eventCount,
        status,
        error,
      ]),
      [
        [true, 1, 0, 0, 0, 200, undefined],
        [true, 1, 0, 0, 0, 500, "the receiver answered 500"],
      ],
    );
    assert.deepEqual(room.status().record, before);
    assert.deepEqual(room.notifier.deliveries("hook"), [bad, good]);
    assert.equal((await room.notifier.test("off", signal)).status, 200);
    assert.deepEqual(receiver.requests.map(idsIn), [[], [], []]);
    assert.deepEqual(receiver.requests.map(({ headers }) => headers["webhook-id"]).slice(0, 2), [
      good.id,
      bad.id,
    ]);
  });

  test("a test does not wait for a delivery that hangs", async () => {
    await using receiver = await WebhookReceiver.start((_, count) =>
      count === 1 ? new Promise(() => {}) : 200,
    );
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(1);
    await receiver.waitFor(1);
    assert.equal((await room.notifier.test("hook", signal)).status, 200);
  });

  test("a disabled webhook without a url says so", async () => {
    await using room = await PostRoom.open();
    await room.start(webhook({ disabled: true }), webhook({ name: "", disabled: true }));
    assert.equal((await room.notifier.test("hook", signal)).error, "the webhook has no url");
    assert.deepEqual(
      room.notifier.list().map(({ name, state, url }) => [name, state, url]),
      [["hook", "disabled", ""]],
    );
  });

  test("nobody can steer a webhook that is not configured", async () => {
    await using room = await PostRoom.open();
    await room.start();
    const { notifier } = room;
    const unknown = has("WEBHOOK_UNKNOWN");
    assert.throws(() => notifier.get("hook"), unknown);
    assert.throws(() => notifier.deliveries("hook"), unknown);
    await assert.rejects(notifier.pause("hook"), unknown);
    await assert.rejects(notifier.resume("hook"), unknown);
    await assert.rejects(notifier.replay("hook", { kind: "now" }), unknown);
    await assert.rejects(notifier.test("hook", signal), unknown);
    await assert.rejects(notifier.listDeadLetters("hook", { limit: 1 }), unknown);
    await assert.rejects(notifier.redeliverDeadLetters("hook", { ids: [], signal }), unknown);
    await assert.rejects(notifier.deleteDeadLetters("hook", []), unknown);
    assert.deepEqual(notifier.list(), []);
  });

  test("the last attempts are kept, newest first, as many as the configuration says", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count === 5 ? 500 : 200));
    await using room = await PostRoom.open();
    await room.start(
      webhook({ receiver, deliveryLogSize: 3 }),
      webhook({ name: "none", receiver, deliveryLogSize: 0 }),
    );
    await room.notifier.pause("none");
    await room.append(5);
    await room.caughtUp();
    assert.deepEqual(
      room.notifier.deliveries("hook").map(({ id, attempt, status, error }) => [id, attempt, status, error]),
      [
        ["e5", 2, 200, undefined],
        ["e5", 1, 500, "the receiver answered 500"],
        ["e4", 1, 200, undefined],
      ],
    );
    await room.notifier.resume("none");
    await room.caughtUp("none");
    assert.deepEqual(room.notifier.deliveries("none"), []);
  });
});
