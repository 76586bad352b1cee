// Which events are announced in which format, and the messages made of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WebhookFormat } from "../../src/config/webhook.ts";
import type { EventKind } from "../../src/core/events.ts";
import { composeMessage, composeTest, isAnnounced, type MessageOptions } from "../../src/notify/message.ts";
import { DOCKER_KINDS, FACTS, SAMPLE_EVENTS, sampleEvent } from "./sample-events.ts";

const FORMATS: readonly WebhookFormat[] = ["v1", "v2", "cloudevents"];
const ALL_KINDS = SAMPLE_EVENTS.map(({ fact }) => fact.kind);

function options(format: WebhookFormat, changes: Partial<MessageOptions> = {}): MessageOptions {
  return { format, includeReferences: false, ignoredMediaTypes: [], ignoredActions: [], ...changes };
}

function announced(choice: MessageOptions): readonly EventKind[] {
  return SAMPLE_EVENTS.filter((event) => isAnnounced(event, choice)).map(({ fact }) => fact.kind);
}

test("Docker's formats announce what Docker has a word for, CloudEvents everything", () => {
  assert.deepEqual(new Set(announced(options("v1"))), new Set(DOCKER_KINDS));
  assert.deepEqual(new Set(announced(options("v2"))), new Set(DOCKER_KINDS));
  assert.deepEqual(announced(options("cloudevents")), ALL_KINDS);
});

test("something is posted for each announced event and nothing for the others", () => {
  for (const format of FORMATS) {
    for (const event of SAMPLE_EVENTS) {
      const message = composeMessage([{ sequence: 1, event }], options(format));
      assert.equal(
        message.body.includes(event.id),
        isAnnounced(event, options(format)),
        `${format} ${event.fact.kind}`,
      );
    }
  }
});

test("ignored actions are not announced, in any format", () => {
  const ignored: readonly EventKind[] = [
    "blob_deleted",
    "manifest_deleted",
    "tag_deleted",
    "manifest_pulled",
  ];
  for (const format of FORMATS) {
    const before = announced(options(format));
    assert.deepEqual(
      announced(options(format, { ignoredActions: ["delete", "pull"] })),
      before.filter((kind) => !ignored.includes(kind)),
    );
  }
});

test("ignored media types are not announced; Docker's removals have none", () => {
  const ignoredMediaTypes = ["application/octet-stream"];
  const docker = announced(options("v2", { ignoredMediaTypes }));
  assert.ok(!docker.includes("blob_pushed") && !docker.includes("blob_mounted"));
  assert.ok(docker.includes("blob_deleted") && docker.includes("manifest_pushed"));
  const cloud = announced(options("cloudevents", { ignoredMediaTypes }));
  assert.deepEqual(
    ALL_KINDS.filter((kind) => !cloud.includes(kind)),
    ["blob_pushed", "blob_mounted", "blob_deleted", "blob_collected", "blob_damaged"],
  );
});

test("a media type is ignored only as a whole", () => {
  const event = sampleEvent(FACTS.blob_pushed);
  assert.ok(isAnnounced(event, options("v2", { ignoredMediaTypes: ["application/*", "octet", ""] })));
});

test("the content type tells the format, and of CloudEvents whether there is one or several", () => {
  const events = [FACTS.blob_pushed, FACTS.manifest_pushed].map((fact, index) => ({
    sequence: index + 1,
    event: sampleEvent(fact),
  }));
  const type = (format: WebhookFormat, count: number) =>
    composeMessage(events.slice(0, count), options(format)).contentType;
  assert.equal(type("v1", 2), "application/vnd.docker.distribution.events.v1+json");
  assert.equal(type("v2", 1), "application/vnd.docker.distribution.events.v2+json");
  assert.equal(type("cloudevents", 1), "application/cloudevents+json; charset=utf-8");
  assert.equal(type("cloudevents", 2), "application/cloudevents-batch+json; charset=utf-8");
});

test("references are listed only where asked for", () => {
  const events = [{ sequence: 1, event: sampleEvent(FACTS.manifest_pushed) }];
  for (const format of FORMATS) {
    assert.ok(!composeMessage(events, options(format)).body.includes('"references"'));
    assert.ok(
      composeMessage(events, options(format, { includeReferences: true })).body.includes('"references"'),
    );
  }
});

test("a test message announces nothing", () => {
  const test = { id: "test-1", time: 0, source: { address: "vm:5000", instanceId: "i" } };
  assert.equal(composeTest(options("v2"), test).body, '{\n   "events": []\n}');
  assert.equal(
    composeTest(options("v1"), test).contentType,
    "application/vnd.docker.distribution.events.v1+json",
  );
  assert.deepEqual(JSON.parse(composeTest(options("cloudevents"), test).body), {
    specversion: "1.0",
    id: "test-1",
    source: "/stowage",
    type: "dev.stowage.test.v1",
    time: "1970-01-01T00:00:00Z",
    datacontenttype: "application/json",
    data: { source: { address: "vm:5000", instanceId: "i" } },
  });
});
