// NotificationService as a client sees it: everything that is known of a webhook, and
// nothing that is secret. What the notifier does is tested in test/notify.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import type { WebhookConfig } from "../../src/config/webhook.ts";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import { Webhook_State } from "../../src/gen/stowage/v1/webhook_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { withErrors } from "../../src/rpc/errors.ts";
import { notificationService } from "../../src/rpc/notification-service.ts";
import { idsIn, PostRoom, webhook } from "../notify/post-room.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

type Notifications = Client<typeof NotificationService>;

interface Desk {
  readonly client: Notifications;
  readonly room: PostRoom;
  readonly receiver: WebhookReceiver;
}

/** A webhook that gives up on 400, and a disabled one; the receiver takes everything. */
async function withDesk(given: Partial<WebhookConfig>, run: (desk: Desk) => Promise<void>): Promise<void> {
  await using receiver = await WebhookReceiver.start();
  await using room = await PostRoom.open();
  const hook = webhook({ receiver, giveUp: { statuses: [400] }, ...given });
  await room.start(hook, webhook({ name: "off", receiver, disabled: true }));
  const report = (error: unknown) => assert.fail(String(error));
  const implementation = withErrors(NotificationService, notificationService(room.notifier), report);
  const transport = createDirectTransport((router) => router.service(NotificationService, implementation));
  await run({ client: createClient(NotificationService, transport), room, receiver });
}

async function refused(call: Promise<unknown>, code: Code, reason: string): Promise<ErrorInfo> {
  const error = ConnectError.from(
    await call.then(
      () => assert.fail("it was answered"),
      (e: unknown) => e,
    ),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  assert.deepEqual([error.code, info?.reason], [code, reason]);
  return info?.metadata ?? {};
}

type ErrorInfo = Readonly<Record<string, string>>;

suite("NotificationService", () => {
  test("shows how a webhook is configured, without its secrets", () =>
    withDesk(
      {
        url: "https://user:hunter2@hooks.example.com/in?token=s3cr3t",
        headers: { Authorization: ["Bearer s3cr3t"], "X-Tenant": ["s3cr3t"] },
        secrets: [Buffer.from("s3cr3t"), Buffer.from("hunter2")],
        format: "cloudevents",
        batch: 5,
        timeoutMs: 1500,
        threshold: 4,
        backoffMs: 250,
        maxBackoffMs: 90_000,
        giveUp: { attempts: 7, ageMs: 3_600_500, statuses: [400, 410] },
        ignoredMediaTypes: ["text/plain"],
        ignoredActions: ["pull"],
        filter: {
          repositories: ["team/**"],
          kinds: ["blob_pushed"],
          mediaTypes: ["a/*"],
          artifactTypes: ["b/*"],
          tags: ["v*"],
        },
      },
      async ({ client }) => {
        const { webhook: shown } = await client.getWebhook({ name: "hook" });
        assert.equal(shown?.url, "https://hooks.example.com/in?…");
        assert.equal(shown.state, Webhook_State.ACTIVE);
        const {
          $typeName: _,
          filter,
          timeout,
          backoff,
          maxBackoff,
          giveUpAge,
          ...settings
        } = shown.settings ?? {};
        assert.deepEqual(settings, {
          format: "cloudevents",
          batch: 5,
          threshold: 4,
          headerNames: ["Authorization", "X-Tenant"],
          signingKeys: 2,
          giveUpAttempts: 7,
          giveUpStatuses: [400, 410],
          ignoredMediaTypes: ["text/plain"],
          ignoredActions: ["pull"],
        });
        const times = [timeout, backoff, maxBackoff, giveUpAge].map((time) => [time?.seconds, time?.nanos]);
        assert.deepEqual(times, [
          [1n, 500_000_000],
          [0n, 250_000_000],
          [90n, 0],
          [3600n, 500_000_000],
        ]);
        const { $typeName: __, ...chosen } = filter ?? {};
        assert.deepEqual(chosen, {
          repositories: ["team/**"],
          kinds: ["blob_pushed"],
          mediaTypes: ["a/*"],
          artifactTypes: ["b/*"],
          tags: ["v*"],
        });
        const { webhooks } = await client.listWebhooks({});
        assert.deepEqual(
          webhooks.map(({ name, state }) => [name, state]),
          [
            ["hook", Webhook_State.ACTIVE],
            ["off", Webhook_State.DISABLED],
          ],
        );
      },
    ));

  test("shows how far a webhook has come, and what is wrong", () =>
    withDesk({}, async ({ client, room, receiver }) => {
      await room.append(2);
      await room.caughtUp();
      const { webhook: good } = await client.getWebhook({ name: "hook" });
      assert.deepEqual(
        [good?.cursor, good?.lag, good?.deliveredEvents, good?.failure],
        ["2", 0n, 2n, undefined],
      );
      assert.deepEqual(good?.lastSuccessTime, timestampFromMs(room.time));
      receiver.answer = () => 503;
      room.holdsWaits = true;
      await room.append(3);
      await room.until("the failure", ({ state }) => state === "retrying");
      const { webhook: bad } = await client.getWebhook({ name: "hook" });
      assert.equal(bad?.state, Webhook_State.RETRYING);
      assert.deepEqual([bad.cursor, bad.lag, bad.failedAttempts], ["2", 3n, 1n]);
      const { attempts, since, nextAttemptTime, status, error } = bad.failure ?? {};
      assert.deepEqual([attempts, status, error], [1, 503, "the receiver answered 503"]);
      assert.deepEqual(
        [since, nextAttemptTime],
        [timestampFromMs(room.time), timestampFromMs(room.time + 1000)],
      );
      const { webhook: off } = await client.getWebhook({ name: "off" });
      assert.deepEqual([off?.cursor, off?.lag], ["0", 5n]);
    }));

  test("pauses, resumes and replays", () =>
    withDesk({}, async ({ client, room, receiver }) => {
      const name = "hook";
      assert.equal((await client.pauseWebhook({ name })).webhook?.state, Webhook_State.PAUSED);
      await room.append(3);
      assert.equal((await client.resumeWebhook({ name })).webhook?.state, Webhook_State.ACTIVE);
      await room.caughtUp();
      const start = { case: "afterCursor", value: "2" } as const;
      assert.equal((await client.replayWebhook({ name, start })).webhook?.cursor, "2");
      await receiver.waitFor(4);
      await room.caughtUp();
      await client.replayWebhook({ name, start: { case: "fromTime", value: timestampFromMs(room.time) } });
      await receiver.waitFor(7);
      await room.caughtUp();
      await client.replayWebhook({ name, start: { case: "fromStart", value: {} } });
      await receiver.waitFor(10);
      await room.caughtUp();
      const { webhook: last } = await client.replayWebhook({ name, start: { case: "fromNow", value: {} } });
      assert.equal(last?.cursor, "3");
    }));

  test("refuses a replay without a place, or to a wrong one", () =>
    withDesk({}, async ({ client, room }) => {
      const name = "hook";
      const replay = (value: string) => client.replayWebhook({ name, start: { case: "afterCursor", value } });
      await room.append(5);
      await room.caughtUp();
      await room.metadata.trimEvents(3);
      await refused(client.replayWebhook({ name }), Code.InvalidArgument, "REQUEST_INVALID");
      await assert.rejects(client.replayWebhook({ name }), /from_start, from_now, after_cursor or from_time/);
      await refused(replay("x"), Code.InvalidArgument, "CURSOR_INVALID");
      await refused(replay("6"), Code.InvalidArgument, "CURSOR_INVALID");
      const { oldest } = await refused(replay("1"), Code.OutOfRange, "CURSOR_EXPIRED");
      assert.equal((await replay(oldest ?? "")).webhook?.cursor, "3");
    }));

  test("tests a webhook and lists its attempts, newest first", () =>
    withDesk({}, async ({ client, room }) => {
      await room.append(1);
      await room.caughtUp();
      const { delivery } = await client.testWebhook({ name: "hook" });
      assert.ok(delivery?.test);
      assert.deepEqual([delivery.firstCursor, delivery.lastCursor, delivery.status], ["", "", 200]);
      assert.deepEqual([delivery.attempt, delivery.eventCount, delivery.error], [1, 0, ""]);
      assert.equal(delivery.duration?.seconds, 0n);
      const { deliveries } = await client.listDeliveries({ name: "hook" });
      assert.deepEqual(
        deliveries.map(({ deliveryId, test: isTest, firstCursor, eventCount }) => [
          deliveryId,
          isTest,
          firstCursor,
          eventCount,
        ]),
        [
          [delivery.deliveryId, true, "", 0],
          ["e1", false, "1", 1],
        ],
      );
    }));

  test("pages through dead letters, redelivers them and forgets them", () =>
    withDesk({}, async ({ client, room, receiver }) => {
      const name = "hook";
      receiver.answer = () => 400;
      await room.append(5);
      await room.caughtUp();
      const first = await client.listDeadLetters({ name, pageSize: 3 });
      const second = await client.listDeadLetters({ name, pageSize: 3, pageToken: first.nextPageToken });
      assert.equal(second.nextPageToken, "");
      const letters = [...first.deadLetters, ...second.deadLetters];
      assert.deepEqual(
        letters.map(({ deadLetterId, event }) => [
          deadLetterId,
          event?.eventId,
          event?.cursor,
          event?.kind.case,
        ]),
        ["1", "2", "3", "4", "5"].map((id) => [id, `e${id}`, id, "manifestPushed"]),
      );
      assert.deepEqual(
        [letters[0]?.attempts, letters[0]?.status, letters[0]?.error],
        [1, 400, "the receiver answered 400"],
      );
      receiver.answer = (request) => (idsIn(request)[0] === "e3" ? 500 : 200);
      const stopped = await client.redeliverDeadLetters({ name });
      assert.deepEqual(
        [stopped.delivered, stopped.remaining, stopped.error],
        [2, 3, "the receiver answered 500"],
      );
      const chosen = await client.redeliverDeadLetters({ name, deadLetterIds: ["4"] });
      assert.deepEqual([chosen.delivered, chosen.remaining, chosen.error], [1, 2, ""]);
      const missing = { name, deadLetterIds: ["4"] };
      await refused(client.redeliverDeadLetters(missing), Code.NotFound, "DEAD_LETTER_UNKNOWN");
      await refused(client.deleteDeadLetters(missing), Code.NotFound, "DEAD_LETTER_UNKNOWN");
      assert.equal((await client.deleteDeadLetters({ name })).deleted, 2);
    }));

  test("knows no webhook but the configured ones, and no page but its own", () =>
    withDesk({}, async ({ client }) => {
      const name = "nobody";
      const start = { case: "fromNow", value: {} } as const;
      for (const call of [
        client.getWebhook({ name }),
        client.testWebhook({ name }),
        client.pauseWebhook({ name }),
        client.resumeWebhook({ name }),
        client.replayWebhook({ name, start }),
        client.listDeliveries({ name }),
        client.listDeadLetters({ name }),
        client.redeliverDeadLetters({ name }),
        client.deleteDeadLetters({ name }),
      ])
        await refused(call, Code.NotFound, "WEBHOOK_UNKNOWN");
      const page = { name: "hook", pageToken: "?" };
      await refused(client.listDeadLetters(page), Code.InvalidArgument, "PAGINATION_TOKEN_INVALID");
      const negative = { name: "hook", pageSize: -1 };
      await refused(client.listDeadLetters(negative), Code.InvalidArgument, "PAGINATION_NUMBER_INVALID");
    }));
});
