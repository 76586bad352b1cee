// The JSON that webhooks get is the JSON that every other reader of the log gets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toJson } from "@bufbuild/protobuf";
import type { EventRecord } from "../../src/core/events.ts";
import { EventSchema } from "../../src/gen/stowage/v1/event_pb.ts";
import { eventDocument } from "../../src/notify/event-document.ts";
import { eventMessage } from "../../src/rpc/event-message.ts";
import { bareEvent, FACTS, SAMPLE_EVENTS, sampleEvent } from "./sample-events.ts";

function assertSame(event: EventRecord): void {
  const logged = { sequence: 7, event };
  for (const withReferences of [true, false]) {
    const document = eventDocument(logged, { includeReferences: withReferences });
    const message = eventMessage(logged, { withReferences });
    assert.deepEqual(JSON.parse(JSON.stringify(document)), toJson(EventSchema, message));
  }
}

for (const event of SAMPLE_EVENTS) {
  test(`${event.fact.kind} is printed as protobuf prints it`, () => {
    assertSame(event);
    assertSame(bareEvent(event.fact));
  });
}

test("what is empty or zero is left out, as protobuf does", () => {
  const descriptor = { ...FACTS.blob_pushed.descriptor, size: 0 };
  assertSame(bareEvent({ ...FACTS.blob_pushed, descriptor }));
  assertSame(bareEvent({ kind: "manifest_pushed", descriptor, tags: [] }));
  assertSame(bareEvent({ kind: "manifest_pulled", descriptor }));
  assertSame(sampleEvent(FACTS.blob_pushed, { request: { id: "1", method: "" } }));
  for (const fact of [FACTS.blob_collected, FACTS.blob_damaged, FACTS.collection_finished]) {
    const { repository: _, ...event } = sampleEvent(fact);
    assertSame(event);
  }
  assertSame(bareEvent({ ...FACTS.blob_damaged, repositories: [] }));
  assertSame(bareEvent({ kind: "collection_finished", manifests: 0, links: 0, blobs: 0, bytes: 0 }));
});

test("times with and without milliseconds are printed as protobuf prints them", () => {
  for (const time of [0, 1, 120, 1000, Date.UTC(2026, 0, 1)])
    assertSame(sampleEvent(FACTS.blob_pushed, { time }));
});

test("sizes are strings, since they may be longer than a number", () => {
  const size = Number.MAX_SAFE_INTEGER;
  const descriptor = { ...FACTS.blob_deleted.descriptor, size };
  const document = eventDocument(
    { sequence: 1, event: bareEvent({ kind: "blob_deleted", descriptor }) },
    { includeReferences: false },
  );
  assert.deepEqual(document.blobDeleted, { descriptor: { ...descriptor, size: "9007199254740991" } });
});

test("references come with their number, where asked for", () => {
  const event = sampleEvent(FACTS.manifest_pushed);
  const pushed = (includeReferences: boolean) =>
    JSON.parse(JSON.stringify(eventDocument({ sequence: 1, event }, { includeReferences }).manifestPushed));
  assert.equal(pushed(true).referenceCount, 2);
  assert.deepEqual(
    pushed(true).references.map(({ size }: { readonly size: string }) => size),
    ["78", "900"],
  );
  assert.ok(!("references" in pushed(false)) && !("referenceCount" in pushed(false)));
});
