// The URL in an event: where the content is found, and when there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentUrl } from "../../src/core/content-url.ts";
import type { RequestRecord } from "../../src/metadata/records.ts";
import {
  BLOB_DIGEST,
  bareEvent,
  FACTS,
  MANIFEST_DIGEST,
  SAMPLE_EVENTS,
  sampleEvent,
} from "../notify/sample-events.ts";

function asked(request: Partial<RequestRecord>): string | undefined {
  return contentUrl(sampleEvent(FACTS.blob_pushed, { request: { id: "1", method: "PUT", ...request } }));
}

test("content that is there has a URL, what is gone and what is no content has none", () => {
  const urls = Object.fromEntries(SAMPLE_EVENTS.map((event) => [event.fact.kind, contentUrl(event)]));
  const blob = `http://127.0.0.1:15503/v2/a/b/blobs/${BLOB_DIGEST}`;
  const manifest = `http://127.0.0.1:15503/v2/a/b/manifests/${MANIFEST_DIGEST}`;
  assert.deepEqual(urls, {
    repository_created: undefined,
    repository_deleted: undefined,
    blob_pushed: blob,
    blob_mounted: blob,
    blob_deleted: undefined,
    blob_collected: undefined,
    blob_damaged: undefined,
    manifest_pushed: manifest,
    manifest_pulled: manifest,
    manifest_deleted: undefined,
    tag_created: manifest,
    tag_moved: manifest,
    tag_deleted: undefined,
    upload_cancelled: undefined,
    upload_expired: undefined,
    collection_finished: undefined,
  });
});

test("the scheme is the client's, http where it is not known", () => {
  assert.equal(
    asked({ host: "example.com", scheme: "https" }),
    `https://example.com/v2/a/b/blobs/${BLOB_DIGEST}`,
  );
  assert.equal(asked({ host: "example.com" }), `http://example.com/v2/a/b/blobs/${BLOB_DIGEST}`);
  assert.equal(asked({ host: "[::1]:5000" }), `http://[::1]:5000/v2/a/b/blobs/${BLOB_DIGEST}`);
});

test("without a host there is no URL", () => {
  assert.equal(contentUrl(bareEvent(FACTS.blob_pushed)), undefined);
  assert.equal(asked({}), undefined);
});

test("a host that is none makes no URL", () => {
  for (const host of [
    "",
    "evil.com/path",
    "user@evil.com",
    "a b",
    "evil.com?x",
    "evil.com#",
    "a:b",
    "é.com",
    "a\nb",
  ])
    assert.equal(asked({ host }), undefined, host);
});

test("where clients find the registry comes before what a request's headers say", () => {
  const baseUrl = "https://registry.example.com/mirror";
  assert.equal(
    asked({ host: "internal:5000", scheme: "http", baseUrl }),
    `https://registry.example.com/mirror/v2/a/b/blobs/${BLOB_DIGEST}`,
  );
});
