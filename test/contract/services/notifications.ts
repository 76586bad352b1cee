// Webhooks over any transport: looked at, tried and steered, with a receiver that answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { Webhook_State } from "../../../src/gen/stowage/v1/webhook_pb.ts";
import { eventually } from "../../support/eventually.ts";
import { WebhookReceiver } from "../../support/webhook-receiver.ts";
import { type AllClients, pushBlob, rejects, type ServiceSuite, utf8, withRegistry } from "./harness.ts";

const name = "hook";
const HOUR_AGO = { case: "fromTime", value: timestampFromMs(Date.now() - 3_600_000) } as const;
const NOW = { case: "fromNow", value: {} } as const;

/** Names that no webhook has, and that must come back whole or cut, never break the answer. */
const STRANGE_NAMES = [
  "",
  "HOOK",
  "hook ",
  "../hook",
  "a\u0000b",
  "grüße\r\n",
  "h".repeat(5000),
  "😀".repeat(100),
].concat(`${"h".repeat(79)}😀`);

/** Pushes so many blobs into one repository; the first makes the repository, which is event 1. */
async function push(clients: AllClients, count: number, seed = "blob"): Promise<void> {
  for (let index = 0; index < count; index++) await pushBlob(clients, "a", utf8(`${seed} ${index}`));
}

async function find({ notifications }: AllClients) {
  const { webhook } = await notifications.getWebhook({ name });
  return webhook ?? assert.fail("no webhook");
}

/** Resolves when all that happened was delivered or put aside. */
async function caughtUp(clients: AllClients) {
  return eventually("the end of the log", async () => {
    const webhook = await find(clients);
    return webhook.lag === 0n ? webhook : undefined;
  });
}

function settingsOf(endpoints: readonly object[]) {
  return { REGISTRY_NOTIFICATIONS_ENDPOINTS: JSON.stringify(endpoints) };
}

interface Desk extends AllClients {
  readonly receiver: WebhookReceiver;
}

export function notificationTests(suite: ServiceSuite): void {
  /** With a webhook that gives up on 410, and a disabled one. */
  const check = (title: string, run: (desk: Desk) => Promise<void>, changes: object = {}) =>
    test(`${suite.name}: ${title}`, async () => {
      await using receiver = await WebhookReceiver.start();
      const url = `${receiver.url}/events?token=s3cr3t`;
      const hook = { name, url, format: "cloudevents", giveup: { statuses: [410] }, ...changes };
      const settings = settingsOf([hook, { name: "off", url, disabled: true }]);
      await withRegistry(suite, (clients) => run({ ...clients, receiver }), settings)();
    });

  check("webhooks are listed and shown, without what is secret", async (desk) => {
    const { webhooks } = await desk.notifications.listWebhooks({});
    assert.deepEqual(
      webhooks.map(({ name, state, cursor }) => [name, state, cursor]),
      [
        ["hook", Webhook_State.ACTIVE, "0"],
        ["off", Webhook_State.DISABLED, "0"],
      ],
    );
    await push(desk, 2);
    const webhook = await caughtUp(desk);
    assert.equal(webhook.url, `${desk.receiver.url}/events?…`);
    assert.deepEqual([webhook.cursor, webhook.deliveredEvents, webhook.failure], ["3", 3n, undefined]);
    assert.ok(webhook.lastSuccessTime);
    assert.deepEqual(webhook.settings?.giveUpStatuses, [410]);
  });

  check(
    "settings that no message has room for are shown as large as they can be",
    async (desk) => {
      const { settings } = await find(desk);
      assert.deepEqual([settings?.threshold, settings?.giveUpAttempts], [2_147_483_647, 2_147_483_647]);
      assert.deepEqual([settings?.timeout?.seconds, settings?.timeout?.nanos], [1n, 100_000]);
      assert.deepEqual([settings?.backoff?.seconds, settings?.backoff?.nanos], [0n, 1]);
      assert.equal(settings?.giveUpAge?.seconds, 315_576_000_000n);
    },
    {
      timeout: "1000.1ms",
      backoff: "1ns",
      threshold: Number.MAX_SAFE_INTEGER,
      giveup: { attempts: Number.MAX_SAFE_INTEGER, age: `${"9".repeat(30)}h` },
    },
  );

  check("a test is posted and answered, and stands among the deliveries", async (desk) => {
    await push(desk, 1);
    await caughtUp(desk);
    desk.receiver.answer = () => 503;
    const { delivery } = await desk.notifications.testWebhook({ name });
    assert.deepEqual(
      [delivery?.test, delivery?.status, delivery?.error],
      [true, 503, "the receiver answered 503"],
    );
    const { deliveries } = await desk.notifications.listDeliveries({ name });
    assert.deepEqual(
      deliveries.map(({ test, firstCursor, lastCursor, eventCount, status }) => [
        test,
        firstCursor,
        lastCursor,
        eventCount,
        status,
      ]),
      [
        [true, "", "", 0, 503],
        [false, "2", "2", 1, 200],
        [false, "1", "1", 1, 200],
      ],
    );
    assert.equal(deliveries[0]?.deliveryId, desk.receiver.requests[2]?.headers["webhook-id"]);
    assert.equal((await find(desk)).state, Webhook_State.ACTIVE);
    assert.equal((await desk.notifications.testWebhook({ name: "off" })).delivery?.status, 503);
  });

  check("a pause holds events back until resumed, and a replay brings them again", async (desk) => {
    const { notifications, receiver } = desk;
    const { webhook: paused } = await notifications.pauseWebhook({ name });
    assert.equal(paused?.state, Webhook_State.PAUSED);
    await push(desk, 2);
    assert.deepEqual([(await find(desk)).lag, receiver.requests.length], [3n, 0]);
    const { webhook: resumed } = await notifications.resumeWebhook({ name });
    assert.equal(resumed?.state, Webhook_State.ACTIVE);
    await caughtUp(desk);
    const delivered = () => receiver.requests.map(({ body }) => JSON.parse(body).cursor);
    assert.deepEqual(delivered(), ["1", "2", "3"]);
    await notifications.replayWebhook({ name, start: { case: "afterCursor", value: "2" } });
    await receiver.waitFor(4);
    await notifications.replayWebhook({ name, start: HOUR_AGO });
    await receiver.waitFor(7);
    await caughtUp(desk);
    assert.deepEqual(delivered().slice(3), ["3", "1", "2", "3"]);
    await notifications.pauseWebhook({ name });
    await push(desk, 1, "skipped");
    const { webhook: skipped } = await notifications.replayWebhook({ name, start: NOW });
    assert.deepEqual([skipped?.cursor, skipped?.lag, skipped?.state], ["4", 0n, Webhook_State.PAUSED]);
  });

  check("what was given up is listed, delivered after all, or forgotten", async (desk) => {
    const { notifications, receiver } = desk;
    receiver.answer = () => 410;
    await push(desk, 4);
    const webhook = await caughtUp(desk);
    assert.deepEqual([webhook.givenUpEvents, webhook.failedAttempts], [5n, 5n]);
    const first = await notifications.listDeadLetters({ name, pageSize: 2 });
    const pageToken = first.nextPageToken;
    const rest = await notifications.listDeadLetters({ name, pageSize: 2_000_000_000, pageToken });
    const letters = [...first.deadLetters, ...rest.deadLetters];
    assert.deepEqual(
      letters.map(({ deadLetterId, attempts, status, event }) => [
        deadLetterId,
        attempts,
        status,
        event?.cursor,
        event?.kind.case,
      ]),
      ["1", "2", "3", "4", "5"].map((id) => [
        id,
        1,
        410,
        id,
        id === "1" ? "repositoryCreated" : "blobPushed",
      ]),
    );
    assert.deepEqual([first.deadLetters.length, rest.nextPageToken], [2, ""]);
    receiver.answer = ({ body }) => (JSON.parse(body).cursor === "4" ? 500 : 200);
    const some = await notifications.redeliverDeadLetters({ name, deadLetterIds: ["2", "1", "2"] });
    assert.deepEqual([some.delivered, some.remaining, some.error], [2, 3, ""]);
    const stopped = await notifications.redeliverDeadLetters({ name });
    assert.deepEqual(
      [stopped.delivered, stopped.remaining, stopped.error],
      [1, 2, "the receiver answered 500"],
    );
    assert.equal((await notifications.deleteDeadLetters({ name, deadLetterIds: ["4"] })).deleted, 1);
    assert.equal((await notifications.deleteDeadLetters({ name })).deleted, 1);
    assert.deepEqual((await notifications.listDeadLetters({ name })).deadLetters, []);
  });

  check(
    "webhooks that nobody knows are refused by every call, whatever their name",
    async ({ notifications }) => {
      const calls = [
        notifications.getWebhook,
        notifications.testWebhook,
        notifications.pauseWebhook,
        notifications.resumeWebhook,
        notifications.listDeliveries,
        notifications.listDeadLetters,
        notifications.redeliverDeadLetters,
        notifications.deleteDeadLetters,
      ];
      for (const strange of STRANGE_NAMES) {
        for (const call of calls) await rejects(call({ name: strange }), Code.NotFound, "WEBHOOK_UNKNOWN");
        const replay = notifications.replayWebhook({ name: strange, start: NOW });
        await rejects(replay, Code.NotFound, "WEBHOOK_UNKNOWN");
      }
    },
  );

  check("a place, a page or an id that is none is refused", async (desk) => {
    const { notifications } = desk;
    await push(desk, 1);
    await caughtUp(desk);
    await rejects(notifications.replayWebhook({ name }), Code.InvalidArgument, "REQUEST_INVALID");
    for (const value of ["", "x", "-1", "1.5", "3", "9".repeat(400), `${"9".repeat(79)}😀`]) {
      const replay = notifications.replayWebhook({ name, start: { case: "afterCursor", value } });
      await rejects(replay, Code.InvalidArgument, "CURSOR_INVALID");
    }
    await rejects(
      notifications.listDeadLetters({ name, pageSize: -1 }),
      Code.InvalidArgument,
      "PAGINATION_NUMBER_INVALID",
    );
    await rejects(
      notifications.listDeadLetters({ name, pageToken: "?" }),
      Code.InvalidArgument,
      "PAGINATION_TOKEN_INVALID",
    );
    for (const text of ["\u{10ffff}", "\u0000", "z".repeat(2000)]) {
      const pageToken = Buffer.from(text).toString("base64url");
      assert.deepEqual((await notifications.listDeadLetters({ name, pageToken })).deadLetters, []);
    }
    for (const id of ["", "0", "1", "-1", "1e3", "9".repeat(400), "\u0000", `${"h".repeat(79)}😀`])
      for (const call of [notifications.redeliverDeadLetters, notifications.deleteDeadLetters])
        await rejects(call({ name, deadLetterIds: [id] }), Code.NotFound, "DEAD_LETTER_UNKNOWN");
    const many = Array.from({ length: 20_000 }, (_, index) => String(index + 1));
    await rejects(
      notifications.deleteDeadLetters({ name, deadLetterIds: many }),
      Code.NotFound,
      "DEAD_LETTER_UNKNOWN",
    );
    await notifications.pauseWebhook({ name }); // or it would have moved on before it is shown
    const before = { case: "fromTime", value: { seconds: -62_135_596_800n, nanos: 0 } } as const;
    const after = { case: "fromTime", value: { seconds: 253_402_300_799n, nanos: 999_999_999 } } as const;
    assert.equal((await notifications.replayWebhook({ name, start: before })).webhook?.cursor, "0");
    assert.equal((await notifications.replayWebhook({ name, start: after })).webhook?.cursor, "2");
  });
}
