// The loop: everything arrives, in order, whatever the receiver does meanwhile.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { webhookKey } from "../../src/metadata/keys.ts";
import { eventually } from "../support/eventually.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { CREATED, ids, idsIn, PostRoom, PUSH, webhook } from "./post-room.ts";

suite("deliveries", () => {
  test("a webhook that was never seen gets what happens from then on", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.append(5);
    await room.start(webhook({ receiver }));
    await room.append(2);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(6, 7));
  });

  test("a receiver that fails every second time gets everything, in order", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count % 2 === 0 ? 200 : 500));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(20);
    const { record } = await room.caughtUp();
    const arrived = receiver.requests.flatMap(idsIn);
    assert.deepEqual(
      arrived.filter((_, index) => index % 2 === 1),
      ids(1, 20),
    );
    assert.deepEqual([...new Set(arrived)], ids(1, 20));
    assert.equal(record.delivered, 20);
    assert.equal(record.failedAttempts, 20);
    assert.equal(record.failure, undefined);
  });

  test("attempts at the same events have the same id, and others have others", async () => {
    await using receiver = await WebhookReceiver.start((_, count) => (count <= 3 ? 503 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, secrets: [Buffer.from("key")] }));
    await room.append(2);
    await room.caughtUp();
    const seen = receiver.requests.map(({ headers }) => headers["webhook-id"]);
    assert.deepEqual(seen, ["e1", "e1", "e1", "e1", "e2"]);
    assert.match(String(receiver.requests[0]?.headers["webhook-signature"]), /^v1,/);
  });

  test("nobody at the address for a while: then everything, in order", async () => {
    const first = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver: first, threshold: 3 }));
    await first.close();
    await room.append(30);
    await room.until("some failures", ({ record }) => (record.failure?.attempts ?? 0) >= 6);
    assert.equal(room.status().state, "retrying");
    await using second = await WebhookReceiver.start(() => 200, Number(new URL(first.url).port));
    await room.caughtUp();
    assert.deepEqual(second.requests.flatMap(idsIn), ids(1, 30));
    // The first three wait the backoff, then it doubles, up to a minute.
    assert.deepEqual(room.waits.slice(0, 6), [1000, 1000, 1000, 2000, 4000, 8000]);
    assert.ok(room.waits.every((ms) => ms <= 60_000));
    assert.deepEqual(room.messages(), [
      "a webhook is configured",
      "a webhook delivery failed; it will be tried again",
      "a webhook keeps failing; further attempts wait longer each time",
      "a webhook that failed delivers again",
    ]);
    const recovered = room.lines.at(-1)?.fields;
    assert.equal(recovered?.failures, room.status().record.failedAttempts);
  });

  test("a webhook whose receiver hangs does not hold up another one", async () => {
    await using hanging = await WebhookReceiver.start(() => new Promise(() => {}));
    await using quick = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(
      webhook({ name: "slow", receiver: hanging }),
      webhook({ name: "quick", receiver: quick }),
    );
    await room.append(50);
    await room.caughtUp("quick");
    assert.deepEqual(quick.requests.flatMap(idsIn), ids(1, 50));
    assert.equal(hanging.requests.length, 1);
  });

  test("what the filter refuses or the format cannot say is passed over", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    const filter = { ...webhook({}).filter, repositories: ["team/**"] };
    await room.start(webhook({ receiver, filter }));
    await room.append(3, PUSH, "other/one");
    await room.append(2, CREATED, "team/one");
    await room.append(2, PUSH, "team/one");
    await room.append(3, PUSH, "other/one");
    const { record } = await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(6, 7));
    assert.equal(record.sequence, 10);
  });

  test("ten thousand events that are not for it are passed over, and the place is saved", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    for (let count = 0; count < 10; count++) await room.append(1000, CREATED);
    await room.append(1);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e10001"]);
    await eventually("the place on the disk", async () => {
      const record = await room.metadata.get(webhookKey("hook"));
      return record?.sequence === 10_001 ? true : undefined;
    });
  });

  test("a webhook for which there is nothing saves its place now and then", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(5, CREATED);
    await eventually("the place on the disk", async () => {
      const record = await room.metadata.get(webhookKey("hook"));
      return record?.sequence === 5 ? true : undefined;
    });
    assert.deepEqual(room.notifier.positions(), [5]);
  });

  test("what the redirects end in counts: a 3xx that is left is a delivery", async () => {
    await using target = await WebhookReceiver.start(() => 204);
    const answers = [300, { status: 307, headers: { location: `${target.url}/there` } }, 304, 303];
    await using receiver = await WebhookReceiver.start((_, count) => answers[count - 1] ?? 200);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(4);
    const { record } = await room.caughtUp();
    assert.equal(record.delivered, 4);
    assert.equal(record.failedAttempts, 0);
    assert.deepEqual(target.requests.flatMap(idsIn), ["e2"]);
  });

  test("a receiver that asks for time gets it, up to the longest wait", async () => {
    const answers = [
      { status: 503, headers: { "retry-after": "7" } },
      { status: 429, headers: { "retry-after": "86400" } },
      { status: 503, headers: { "retry-after": "0" } },
    ];
    await using receiver = await WebhookReceiver.start((_, count) => answers[count - 1] ?? 200);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(1);
    await room.caughtUp();
    assert.deepEqual(room.waits, [7000, 60_000, 1000]);
  });

  test("events that retention removed first are counted and told once, and the rest arrives", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.notifier.pause("hook");
    await room.append(10);
    await room.metadata.trimEvents(6);
    await room.notifier.resume("hook");
    const { record } = await room.caughtUp();
    assert.equal(record.missed, 6);
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(7, 10));
    assert.deepEqual(room.messages("warn"), [
      "events were removed from the log before they could be delivered to the webhook",
    ]);
  });

  test("a log that was emptied is noticed, too", async () => {
    await using receiver = await WebhookReceiver.start();
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.notifier.pause("hook");
    await room.append(10);
    await room.metadata.trimEvents(10);
    await room.notifier.resume("hook");
    await room.until("the count", ({ record }) => record.missed === 10);
    await room.append(1);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e11"]);
  });

  test("a place that a replay set is not taken back by the delivery that was under way", async () => {
    let answer: () => void = () => {};
    await using receiver = await WebhookReceiver.start(async (_, count) => {
      if (count === 5) await new Promise<void>((resolve) => (answer = resolve));
      return 200;
    });
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(5);
    await receiver.waitFor(5);
    const { record } = await room.notifier.replay("hook", { kind: "after", sequence: 1 });
    assert.equal(record.sequence, 1);
    assert.equal((await room.metadata.get(webhookKey("hook")))?.sequence, 1);
    answer();
    await receiver.waitFor(9);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), [...ids(1, 5), ...ids(2, 5)]);
    assert.equal(room.status().record.delivered, 9);
  });
});
