import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { ConsumerSession } from "../../src/commands/consumer-session.ts";
import { type EventStart, followEvents } from "../../src/commands/follow-events.ts";
import { remoteTransport } from "../../src/commands/remote-registry.ts";
import { EventService, type SubscribeResponseSchema } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { serveFake } from "./fake-service.ts";

type Message = MessageInitShape<typeof SubscribeResponseSchema>["message"];

const ready = (cursor: string): Message => ({ case: "ready", value: { cursor } });
const event = (cursor: string): Message => ({ case: "event", value: { cursor } });
const keepalive = (cursor: string): Message => ({ case: "keepalive", value: { cursor } });
const item: Message = { case: "snapshotItem", value: { repository: "a" } };
const snapshotEnd = (cursor: string): Message => ({ case: "snapshotEnd", value: { cursor } });

/** Each subscription gets its messages, then breaks off. Tells the calls, as they come. */
function breakingService(streams: readonly (readonly Message[])[]) {
  const calls: string[] = [];
  let next = 0;
  const methods: Partial<ServiceImpl<typeof EventService>> = {
    async *subscribe({ start, consumer }) {
      const place = start.case === "afterCursor" ? `after ${start.value}` : (start.case ?? "no start");
      calls.push(["subscribe", place, consumer].filter((word) => word !== "").join(" "));
      for (const message of streams[next++] ?? []) if (message !== undefined) yield { message };
      throw new ConnectError("the registry shuts down", Code.Unavailable);
    },
    acknowledgeEvents: ({ consumer, cursor }) => {
      calls.push(`acknowledge ${cursor} ${consumer}`);
      return {};
    },
  };
  return { calls, methods };
}

interface Following {
  readonly start: EventStart;
  /** Ends with the event of this cursor. */
  readonly until: string;
  readonly consumer?: string;
}

/** Follows over all that breaks; returns the calls that this took. */
async function follow(streams: readonly (readonly Message[])[], { start, until, consumer }: Following) {
  const { calls, methods } = breakingService(streams);
  await using server = await serveFake(EventService, methods);
  const client = createClient(EventService, remoteTransport(server.url));
  // Nothing is acknowledged by the clock.
  const session =
    consumer === undefined ? undefined : new ConsumerSession(client, { name: consumer, batchMs: 1e6 });
  const filter = { repositories: [], kinds: [], mediaTypes: [], artifactTypes: [], tags: [] };
  const stop = new AbortController();
  const rest = { filter, includeReferences: false, signal: stop.signal, onPause: () => undefined };
  const options = { start, ...rest, ...(session !== undefined && { consumer: session }) };
  for await (const message of followEvents(client, options)) {
    if (message.case === "event" && message.value.cursor === until) stop.abort();
  }
  await session?.finish();
  return calls;
}

test("following goes on behind what was taken last, be it an event or a keepalive", async () => {
  const streams = [
    [ready("1"), event("2")],
    [ready("2"), keepalive("5")],
    [ready("5"), event("6")],
  ];
  assert.deepEqual(await follow(streams, { start: { kind: "now" }, until: "6" }), [
    "subscribe fromNow",
    "subscribe after 2",
    "subscribe after 5",
  ]);
});

test("a snapshot that breaks off is begun again, one that ended is not", async () => {
  const streams = [
    [ready("1"), item, keepalive("")],
    [ready("3"), item, snapshotEnd("3")],
    [ready("3"), event("4")],
  ];
  assert.deepEqual(await follow(streams, { start: { kind: "snapshot" }, until: "4" }), [
    "subscribe fromSnapshot",
    "subscribe fromSnapshot",
    "subscribe after 3",
  ]);
});

test("a consumer acknowledges what was taken before it subscribes again, and at the end", async () => {
  const streams = [
    [ready("1"), event("2"), event("3")],
    [ready("3"), event("4")],
  ];
  assert.deepEqual(await follow(streams, { start: { kind: "now" }, until: "4", consumer: "scanner" }), [
    "subscribe no start scanner",
    "acknowledge 3 scanner",
    "subscribe no start scanner",
    "acknowledge 4 scanner",
  ]);
});

test("a consumer begins a broken snapshot again, and its events where the snapshot ended", async () => {
  const streams = [[ready("1"), item], [ready("1"), item, snapshotEnd("1")], [event("2")]];
  assert.deepEqual(await follow(streams, { start: { kind: "snapshot" }, until: "2", consumer: "scanner" }), [
    "subscribe fromSnapshot scanner",
    "subscribe fromSnapshot scanner",
    "acknowledge 1 scanner",
    "subscribe no start scanner",
    "acknowledge 2 scanner",
  ]);
});
