// The log keeps only so many events, and readers learn what they have missed: a webhook counts it and goes on with the
// oldest that is kept, a consumer is refused and begins anew with a snapshot.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import type { Event } from "../../src/gen/stowage/v1/event_pb.ts";
import { NotificationService } from "../../src/gen/stowage/v1/notification_service_pb.ts";
import type { Webhook } from "../../src/gen/stowage/v1/webhook_pb.ts";
import { rejects } from "../contract/services/harness.ts";
import { dockerItems, dueDockerItems } from "../crash/event-items.ts";
import { EventReceiver } from "../crash/event-receiver.ts";
import { EventLogReader } from "../support/event-log.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { type EventClient, eventClient, newestCursor } from "./event-client.ts";
import { shownState, toldState } from "./repository-state.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { TaggedRepository } from "./tagged-repository.ts";

const KEPT = 200;
const TAGS = Array.from({ length: 7 }, (_, number) => `tag-${number}`);
const CONSUMER = "late";
/** More than are kept. */
const ROUNDS = 40;

let directory: string;
let receiver: EventReceiver;
let registry: LocalRegistry;
let http: HttpCaller;
let client: EventClient;
let log: EventLogReader;

before(async () => {
  directory = await makeTemporaryDirectory();
  receiver = await EventReceiver.start({ name: "late", read: ({ body }) => dockerItems(body) });
  const endpoint = { name: "late", url: receiver.url, backoff: "10ms", maxbackoff: "100ms" };
  const sections = {
    events: { retention: { count: KEPT }, pulls: { enabled: false } },
    notifications: { endpoints: [endpoint] },
  };
  registry = await LocalRegistry.start({ directory, sections });
  http = new HttpCaller(registry.host);
  client = eventClient(registry.url);
  log = new EventLogReader(registry.url);
});
after(async () => {
  http.close();
  await registry.stop();
  await receiver.leave();
  await removeTemporaryDirectory(directory);
});

test("readers whom retention overtakes learn it, and go on without a gap from where they can", async () => {
  await client.createConsumer({ consumer: CONSUMER, start: { case: "fromStart", value: {} } });
  const repository = await TaggedRepository.create(http, "events/kept");
  for (const tag of TAGS) await repository.pushTag(tag);
  await untilWebhook("all is delivered", ({ lag }) => lag === 0n);
  const delivered = await wholeLog();
  await receiver.leave();
  for (let round = 0; round < ROUNDS; round++) for (const tag of TAGS) await repository.pushTag(tag);
  const { cursor } = await untilWebhook("it fails", ({ failure }) => failure !== undefined);
  const newest = Number(await newestCursor(client));
  const oldest = newest - KEPT;
  assert.ok(Number(cursor) < oldest);

  await restart(oldest);
  await webhookGoesOn({ delivered, missed: oldest - Number(cursor) });
  await consumerIsRefused(oldest);
  await consumerBeginsAnew(repository);
});

/** The log is trimmed at the start, beside everything else. */
async function restart(oldest: number): Promise<void> {
  await registry.stop();
  await registry.restart();
  const first = async () => (await client.listEvents({ pageSize: 1 })).events[0]?.cursor;
  await eventually("the log is trimmed", async () =>
    (await first()) === String(oldest + 1) ? true : undefined,
  );
}

async function webhookGoesOn({
  delivered,
  missed,
}: {
  readonly delivered: readonly Event[];
  readonly missed: number;
}): Promise<void> {
  const { missedEvents } = await untilWebhook("it has counted", (webhook) => webhook.missedEvents > 0n);
  assert.equal(missedEvents, BigInt(missed));
  await receiver.comeBack();
  const webhook = await untilWebhook("the rest is delivered", ({ lag }) => lag === 0n);
  assert.equal(webhook.missedEvents, BigInt(missed), "nothing else was missed");
  receiver.check();
  const due = [...delivered, ...(await wholeLog())].flatMap(dueDockerItems);
  assert.equal(receiver.reading.repeated(due), 0);
}

async function consumerIsRefused(oldest: number): Promise<void> {
  const { consumers } = await client.listConsumers({});
  assert.deepEqual(
    consumers.map(({ name, lag, expired }) => ({ name, lag, expired })),
    [{ name: CONSUMER, lag: BigInt(KEPT), expired: true }],
  );
  const before = String(oldest - 1);
  await isExpired(firstMessage({ consumer: CONSUMER }), { cursor: "0", oldest });
  await isExpired(firstMessage({ start: { case: "afterCursor", value: before } }), {
    cursor: before,
    oldest,
  });
  await isExpired(client.listEvents({ afterCursor: before }), { cursor: before, oldest });
  const { events } = await client.listEvents({ afterCursor: String(oldest), pageSize: 1 });
  assert.equal(events[0]?.cursor, String(oldest + 1), "the oldest cursor works");
}

async function isExpired(
  call: Promise<unknown>,
  expected: { readonly cursor: string; readonly oldest: number },
): Promise<void> {
  const [metadata] = await rejects(call, Code.OutOfRange, "CURSOR_EXPIRED");
  assert.equal(metadata?.cursor, expected.cursor);
  assert.equal(metadata?.oldest, String(expected.oldest));
}

async function consumerBeginsAnew(repository: TaggedRepository): Promise<void> {
  let cursor: string;
  {
    await using reader = await SnapshotReader.begin(client, CONSUMER);
    assert.deepEqual(toldState(reader.replay), await shownState(repository));
    await client.acknowledgeEvents({ consumer: CONSUMER, cursor: reader.snapshotCursor });
    for (const tag of TAGS) await repository.pushTag(tag);
    await repository.delete("tag-0");
    cursor = await newestCursor(client);
    await reader.upTo(cursor);
    assert.deepEqual(toldState(reader.replay), await shownState(repository));
    const acknowledged = await client.acknowledgeEvents({ consumer: CONSUMER, cursor });
    assert.equal(acknowledged.consumer?.expired, false);
  }
  await registry.stop();
  await registry.restart();
  assert.deepEqual(await firstMessage({ consumer: CONSUMER }), cursor);
}

/** The cursor of `ready`. */
async function firstMessage(request: Parameters<EventClient["subscribe"]>[0]): Promise<string | undefined> {
  const leave = new AbortController();
  try {
    for await (const { message } of client.subscribe(request, { signal: leave.signal }))
      return message.case === "ready" ? message.value.cursor : undefined;
    return undefined;
  } finally {
    leave.abort();
  }
}

async function untilWebhook(what: string, isSo: (webhook: Webhook) => boolean): Promise<Webhook> {
  const transport = createConnectTransport({ baseUrl: registry.url, httpVersion: "1.1" });
  const notifications = createClient(NotificationService, transport);
  return eventually(what, async () => {
    const { webhook } = await notifications.getWebhook({ name: "late" });
    return webhook !== undefined && isSo(webhook) ? webhook : undefined;
  });
}

/** All that is kept. */
function wholeLog(): Promise<Event[]> {
  return Array.fromAsync(log.after(""));
}
