// CloudEvents, read by the CloudEvents project's own package.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudEvent, type CloudEventV1, HTTP } from "cloudevents";
import { composeMessage, composeTest, type OutgoingMessage } from "../../src/notify/message.ts";
import { BLOB_DIGEST, FACTS, MANIFEST_DIGEST, SAMPLE_EVENTS, sampleEvent } from "./sample-events.ts";

const OPTIONS = {
  format: "cloudevents",
  includeReferences: true,
  ignoredMediaTypes: [],
  ignoredActions: [],
} as const;

/** Throws for what is not a valid CloudEvent. */
function read(message: OutgoingMessage): readonly CloudEventV1<unknown>[] {
  const found = HTTP.toEvent({ headers: { "content-type": message.contentType }, body: message.body });
  const events = Array.isArray(found) ? found : [found];
  for (const event of events) assert.ok(event instanceof CloudEvent && event.validate());
  return events;
}

test("every kind is a valid CloudEvent with a type and a subject of its own", () => {
  const manifest = `a/b@${MANIFEST_DIGEST}`;
  const blob = `a/b@${BLOB_DIGEST}`;
  const rows = SAMPLE_EVENTS.map((event) => {
    const [read1] = read(composeMessage([{ sequence: 7, event }], OPTIONS));
    assert.equal(read1?.id, event.id);
    assert.equal(read1?.source, "/stowage");
    assert.equal(read1?.time, "2026-11-20T18:15:28.280Z");
    assert.equal(read1?.datacontenttype, "application/json");
    assert.equal(read1?.cursor, "7");
    return [read1?.type, read1?.subject];
  });
  assert.deepEqual(rows, [
    ["dev.stowage.repository.created.v1", "a/b"],
    ["dev.stowage.repository.deleted.v1", "a/b"],
    ["dev.stowage.blob.pushed.v1", blob],
    ["dev.stowage.blob.mounted.v1", blob],
    ["dev.stowage.blob.deleted.v1", blob],
    ["dev.stowage.blob.collected.v1", blob],
    ["dev.stowage.blob.damaged.v1", blob],
    ["dev.stowage.manifest.pushed.v1", manifest],
    ["dev.stowage.manifest.pulled.v1", manifest],
    ["dev.stowage.manifest.deleted.v1", manifest],
    ["dev.stowage.tag.created.v1", "a/b:v1"],
    ["dev.stowage.tag.moved.v1", "a/b:v1"],
    ["dev.stowage.tag.deleted.v1", "a/b:v1"],
    ["dev.stowage.upload.cancelled.v1", "a/b"],
    ["dev.stowage.upload.expired.v1", "a/b"],
    ["dev.stowage.collection.finished.v1", "a/b"],
  ]);
});

test("several events are one valid batch, in order", () => {
  const events = SAMPLE_EVENTS.map((event, index) => ({ sequence: index + 1, event }));
  const batch = read(composeMessage(events, OPTIONS));
  assert.deepEqual(
    batch.map(({ cursor }) => cursor),
    events.map(({ sequence }) => String(sequence)),
  );
});

test("an event that concerns no repository has the content alone as its subject", () => {
  for (const fact of [FACTS.blob_collected, FACTS.blob_damaged]) {
    const { repository: _, ...event } = sampleEvent(fact);
    const [message] = read(composeMessage([{ sequence: 1, event }], OPTIONS));
    assert.equal(message?.subject, BLOB_DIGEST);
  }
});

test("an event with neither repository nor content has no subject", () => {
  const { repository: _, ...event } = sampleEvent(FACTS.collection_finished);
  const [finished] = read(composeMessage([{ sequence: 1, event }], OPTIONS));
  assert.equal(finished?.subject, undefined);
});

test("a test message is a valid CloudEvent, with and without a source", () => {
  const [whole] = read(
    composeTest(OPTIONS, { id: "t", time: 1, source: { address: "vm:1", instanceId: "i" } }),
  );
  assert.equal(whole?.type, "dev.stowage.test.v1");
  assert.equal(read(composeTest(OPTIONS, { id: "t", time: 1 })).length, 1);
});
