// Events that are put aside: when, what is kept of them, and how they are delivered after all.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deadLetterKey } from "../../src/metadata/keys.ts";
import { put } from "../../src/metadata/metadata-store.ts";
import { MAX_DEAD_LETTERS } from "../../src/notify/dead-letters.ts";
import type { RegistryError } from "../../src/oci/errors.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";
import { CREATED, ids, idsIn, PostRoom, webhook } from "./post-room.ts";

const has = (code: string) => (error: RegistryError) => error.code === code;
const signal = new AbortController().signal;

async function letterIds(room: PostRoom): Promise<readonly string[]> {
  const { letters } = await room.notifier.listDeadLetters("hook", { limit: 1000 });
  return letters.map(({ event }) => event.id);
}

suite("giving up", () => {
  test("without a policy an event is tried for ever", async () => {
    await using receiver = await WebhookReceiver.start(() => 410);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver }));
    await room.append(2);
    await room.until("many attempts", ({ record }) => (record.failure?.attempts ?? 0) > 50);
    assert.equal(room.status().record.sequence, 0);
    assert.deepEqual(await letterIds(room), []);
  });

  test("a refused event is put aside at once, and the next one does not wait", async () => {
    await using receiver = await WebhookReceiver.start((request) => (idsIn(request)[0] === "e2" ? 400 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, giveUp: { statuses: [400, 410] } }));
    await room.append(3);
    const { record } = await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 3));
    assert.deepEqual(room.waits, []);
    assert.equal(record.givenUp, 1);
    assert.equal(record.failure, undefined);
    const { letters } = await room.notifier.listDeadLetters("hook", { limit: 10 });
    const [letter] = letters;
    assert.equal(letter?.event.id, "e2");
    assert.equal(letter.attempts, 1);
    assert.equal(letter.status, 400);
    assert.equal(letter.error, "the receiver answered 400");
    assert.deepEqual(room.messages("error"), ["an event was put aside among the webhook's dead letters"]);
    assert.deepEqual(room.messages("warn"), []);
  });

  test("after so many attempts an event is put aside, and the next one waits the backoff", async () => {
    await using receiver = await WebhookReceiver.start((request) => (idsIn(request)[0] === "e1" ? 500 : 200));
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, threshold: 1, giveUp: { attempts: 4, statuses: [] } }));
    await room.append(2);
    await room.caughtUp();
    assert.deepEqual(receiver.requests.flatMap(idsIn), ["e1", "e1", "e1", "e1", "e2"]);
    assert.deepEqual(room.waits, [1000, 2000, 4000, 1000]);
    assert.deepEqual(await letterIds(room), ["e1"]);
  });

  test("after so long an event is put aside; the time counts from its own first failure", async () => {
    await using receiver = await WebhookReceiver.start(() => 500);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, threshold: 100, giveUp: { ageMs: 10_000, statuses: [] } }));
    await room.append(2);
    room.time += 3_600_000; // that the event is old does not matter
    const { record } = await room.caughtUp();
    assert.equal(record.givenUp, 2);
    assert.deepEqual(receiver.requests.filter((request) => idsIn(request)[0] === "e1").length, 11);
    assert.deepEqual(receiver.requests.filter((request) => idsIn(request)[0] === "e2").length, 11);
  });

  test("a clock that is set back does not make an event wait for the time to come again", async () => {
    await using receiver = await WebhookReceiver.start(() => 500);
    await using room = await PostRoom.open();
    receiver.answer = (_, count) => {
      if (count === 3) room.time -= 365 * 24 * 3_600_000;
      return 500;
    };
    await room.start(webhook({ receiver, threshold: 100, giveUp: { ageMs: 10_000, statuses: [] } }));
    await room.append(1);
    await room.until("the end of patience", ({ record }) => record.givenUp === 1);
    assert.ok(receiver.requests.length < 20, `${receiver.requests.length} attempts`);
  });

  test("the oldest dead letters make room for new ones", async () => {
    await using receiver = await WebhookReceiver.start(() => 400);
    await using room = await PostRoom.open();
    await room.append(MAX_DEAD_LETTERS);
    const events = await room.events.read(0, MAX_DEAD_LETTERS);
    const changes = events.map(({ sequence, event }) =>
      put(deadLetterKey("hook", String(sequence).padStart(16, "0")), {
        sequence,
        event,
        time: 0,
        attempts: 1,
        error: "before",
      }),
    );
    await room.metadata.commit({ changes });
    await room.start(webhook({ receiver, giveUp: { statuses: [400] } }));
    await room.append(3);
    await room.caughtUp();
    const { letters } = await room.notifier.listDeadLetters("hook", { limit: 2 });
    assert.deepEqual(
      letters.map(({ event }) => event.id),
      ["e4", "e5"],
    );
    assert.equal(await room.notifier.deleteDeadLetters("hook", []), MAX_DEAD_LETTERS);
    assert.equal(room.messages("warn").length, 3);
    assert.equal(room.status().record.dropped, 3);
  });
});

suite("dead letters", () => {
  /** A webhook that gave up on the first six of eight events, and whose receiver takes everything since. */
  async function withLetters(
    run: (room: PostRoom, receiver: WebhookReceiver) => Promise<void>,
  ): Promise<void> {
    await using receiver = await WebhookReceiver.start(() => 400);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, giveUp: { statuses: [400] } }));
    await room.append(6);
    await room.caughtUp();
    receiver.answer = () => 200;
    await room.append(2);
    await room.caughtUp();
    receiver.requests.length = 0;
    await run(room, receiver);
  }

  test("come in pages, oldest first", () =>
    withLetters(async (room) => {
      const first = await room.notifier.listDeadLetters("hook", { limit: 4 });
      assert.deepEqual(
        first.letters.map(({ sequence }) => sequence),
        [1, 2, 3, 4],
      );
      assert.ok(first.next);
      const second = await room.notifier.listDeadLetters("hook", { limit: 4, after: first.next });
      assert.deepEqual(
        second.letters.map(({ sequence }) => sequence),
        [5, 6],
      );
      assert.equal(second.next, undefined);
    }));

  test("are all delivered again, oldest first, and are gone then", () =>
    withLetters(async (room, receiver) => {
      const outcome = await room.notifier.redeliverDeadLetters("hook", { ids: [], signal });
      assert.deepEqual(outcome, { delivered: 6, remaining: 0 });
      assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 6));
      const { record } = room.status();
      assert.deepEqual([record.delivered, record.givenUp, record.sequence], [8, 6, 8]);
      assert.deepEqual(await letterIds(room), []);
    }));

  test("are delivered by id, each once, oldest first", () =>
    withLetters(async (room, receiver) => {
      const outcome = await room.notifier.redeliverDeadLetters("hook", { ids: ["5", "2", "5"], signal });
      assert.deepEqual(outcome, { delivered: 2, remaining: 4 });
      assert.deepEqual(receiver.requests.flatMap(idsIn), ["e2", "e5"]);
    }));

  test("stop at the first that fails again, which says so", () =>
    withLetters(async (room, receiver) => {
      receiver.answer = (request) => (idsIn(request)[0] === "e3" ? 418 : 200);
      const outcome = await room.notifier.redeliverDeadLetters("hook", { ids: [], signal });
      assert.deepEqual(outcome, { delivered: 2, remaining: 4, error: "the receiver answered 418" });
      const { letters } = await room.notifier.listDeadLetters("hook", { limit: 1 });
      assert.equal(letters[0]?.sequence, 3);
      assert.equal(letters[0].status, 418);
      assert.equal(letters[0].attempts, 2);
      assert.equal(room.status().state, "active");
    }));

  test("that nobody knows stop everything before anything is tried", () =>
    withLetters(async (room, receiver) => {
      const { notifier } = room;
      for (const wrong of ["7", "0", "-1", "x", "1e0", "01", "99999999999999999999"]) {
        const request = { ids: ["1", wrong], signal };
        await assert.rejects(
          notifier.redeliverDeadLetters("hook", request),
          has("DEAD_LETTER_UNKNOWN"),
          wrong,
        );
        await assert.rejects(notifier.deleteDeadLetters("hook", ["1", wrong]), has("DEAD_LETTER_UNKNOWN"));
      }
      assert.equal(receiver.requests.length, 0);
      assert.deepEqual(await letterIds(room), ids(1, 6));
    }));

  test("two who redeliver at the same time deliver each once", () =>
    withLetters(async (room, receiver) => {
      const both = await Promise.all([
        room.notifier.redeliverDeadLetters("hook", { ids: [], signal }),
        room.notifier.redeliverDeadLetters("hook", { ids: [], signal }),
      ]);
      assert.equal(both[0].delivered + both[1].delivered, 6);
      assert.deepEqual(receiver.requests.flatMap(idsIn), ids(1, 6));
    }));

  test("who does not wait any more stops the rest", () =>
    withLetters(async (room, receiver) => {
      const caller = new AbortController();
      receiver.answer = (_, count) => {
        if (count === 2) caller.abort();
        return 200;
      };
      const request = { ids: [], signal: caller.signal };
      const outcome = await room.notifier.redeliverDeadLetters("hook", request);
      assert.deepEqual(outcome, { delivered: 2, remaining: 4 });
    }));

  test("are not tried for one who left while a delivery was in the way", () =>
    withLetters(async (room, receiver) => {
      let answer: () => void = () => {};
      receiver.answer = async () => {
        await new Promise<void>((resolve) => (answer = resolve));
        return 200;
      };
      await room.append(1);
      await receiver.waitFor(1);
      const caller = new AbortController();
      const outcome = room.notifier.redeliverDeadLetters("hook", { ids: ["1"], signal: caller.signal });
      caller.abort();
      receiver.answer = () => 200;
      answer();
      assert.deepEqual(await outcome, { delivered: 0, remaining: 6 });
      assert.deepEqual(receiver.requests.flatMap(idsIn), ["e9"]);
    }));

  test("are forgotten by id or all together", () =>
    withLetters(async (room) => {
      assert.equal(await room.notifier.deleteDeadLetters("hook", ["4", "1", "4"]), 2);
      assert.deepEqual(await letterIds(room), ["e2", "e3", "e5", "e6"]);
      assert.equal(await room.notifier.deleteDeadLetters("hook", []), 4);
      assert.deepEqual(await letterIds(room), []);
      assert.equal(await room.notifier.deleteDeadLetters("hook", []), 0);
    }));

  test("that the format cannot say any more stay", () =>
    withLetters(async (room, receiver) => {
      await room.restart(webhook({ receiver, format: "cloudevents", giveUp: { statuses: [400] } }));
      receiver.answer = () => 400;
      await room.append(1, CREATED);
      await room.caughtUp();
      await room.restart(webhook({ receiver }));
      const outcome = await room.notifier.redeliverDeadLetters("hook", { ids: ["9"], signal });
      assert.equal(outcome.delivered, 0);
      assert.match(outcome.error ?? "", /no form for repository_created/);
    }));

  test("given up twice, by a replay, are one", async () => {
    await using receiver = await WebhookReceiver.start(() => 400);
    await using room = await PostRoom.open();
    await room.start(webhook({ receiver, giveUp: { statuses: [400] } }));
    await room.append(3);
    await room.caughtUp();
    await room.notifier.replay("hook", { kind: "start" });
    await room.until("the second round", ({ record, lag }) => record.givenUp === 6 && lag === 0);
    assert.equal(await room.notifier.deleteDeadLetters("hook", []), 3);
  });
});
