// Docker's envelopes, letter by letter as distribution posts them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { envelope } from "../../src/notify/docker-envelope.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { parseTag } from "../../src/oci/reference.ts";
import { bareEvent, DOCKER_KINDS, FACTS, SAMPLE_EVENTS, sampleEvent } from "./sample-events.ts";

const V2 = { version: "v2", includeReferences: false } as const;
const V1 = { version: "v1", includeReferences: false } as const;
const MANIFEST = `sha256:${"a3".repeat(32)}`;
const BLOB = `sha256:${"63".repeat(32)}`;
const HOST = "http://127.0.0.1:15503/v2/a/b";

type Printed = Readonly<Record<string, unknown>>;

function eventsOf(text: string): readonly Printed[] {
  return JSON.parse(text).events;
}

/** The target of the one event, as it is printed, without spaces. */
function target(text: string): string {
  const events = eventsOf(text);
  assert.equal(events.length, 1);
  return JSON.stringify(events[0]?.target);
}

test("a tag push with references is what distribution 3 sends, to the letter", () => {
  const { actor: _, ...event } = sampleEvent(FACTS.manifest_pushed);
  assert.equal(
    envelope([event], { version: "v2", includeReferences: true }),
    `{
   "events": [
      {
         "id": "01a1fa2b-ab1f-71f0-9948-821fe80321f9",
         "timestamp": "2026-11-20T18:15:28.28Z",
         "action": "push",
         "target": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "${MANIFEST}",
            "size": 417,
            "length": 417,
            "repository": "a/b",
            "url": "${HOST}/manifests/${MANIFEST}",
            "tag": "v1",
            "references": [
               {
                  "mediaType": "application/vnd.oci.image.config.v1+json",
                  "digest": "sha256:${"c5".repeat(32)}",
                  "size": 78
               },
               {
                  "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                  "digest": "${BLOB}",
                  "size": 900
               }
            ]
         },
         "request": {
            "id": "01a1fa2b-ab1c-7ebc-bd4d-104baa7b209e",
            "addr": "127.0.0.1:47308",
            "host": "127.0.0.1:15503",
            "method": "PUT",
            "useragent": "Python-urllib/3.11"
         },
         "actor": {},
         "source": {
            "addr": "vm:15503",
            "instanceID": "01a1fa2a-b55b-782e-bae6-3a082743f189"
         }
      }
   ]
}`,
  );
});

const TARGETS = [
  {
    kind: "blob_pushed",
    v2: `{"mediaType":"application/octet-stream","digest":"${BLOB}","size":900,"length":900,"repository":"a/b","url":"${HOST}/blobs/${BLOB}"}`,
    v1: `{"mediaType":"application/octet-stream","size":900,"digest":"${BLOB}","length":900,"repository":"a/b","url":"${HOST}/blobs/${BLOB}"}`,
  },
  {
    kind: "blob_mounted",
    v2: `{"mediaType":"application/octet-stream","digest":"${BLOB}","size":900,"length":900,"repository":"a/b","fromRepository":"c/d","url":"${HOST}/blobs/${BLOB}"}`,
    v1: `{"mediaType":"application/octet-stream","size":900,"digest":"${BLOB}","length":900,"repository":"a/b","fromRepository":"c/d","url":"${HOST}/blobs/${BLOB}"}`,
  },
  {
    kind: "manifest_pushed",
    v2: `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${MANIFEST}","size":417,"length":417,"repository":"a/b","url":"${HOST}/manifests/${MANIFEST}","tag":"v1"}`,
    v1: `{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":417,"digest":"${MANIFEST}","length":417,"repository":"a/b","url":"${HOST}/manifests/${MANIFEST}","tag":"v1"}`,
  },
  {
    kind: "manifest_pulled",
    v2: `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${MANIFEST}","size":417,"length":417,"repository":"a/b","url":"${HOST}/manifests/${MANIFEST}","tag":"v1"}`,
    v1: `{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":417,"digest":"${MANIFEST}","length":417,"repository":"a/b","url":"${HOST}/manifests/${MANIFEST}","tag":"v1"}`,
  },
  {
    kind: "blob_deleted",
    v2: `{"mediaType":"","digest":"${BLOB}","size":0,"repository":"a/b"}`,
    v1: `{"digest":"${BLOB}","repository":"a/b"}`,
  },
  {
    kind: "manifest_deleted",
    v2: `{"mediaType":"","digest":"${MANIFEST}","size":0,"repository":"a/b"}`,
    v1: `{"digest":"${MANIFEST}","repository":"a/b"}`,
  },
  {
    kind: "tag_deleted",
    v2: `{"mediaType":"","digest":"","size":0,"repository":"a/b","tag":"v1","previousDigest":"${MANIFEST}"}`,
    v1: `{"repository":"a/b","tag":"v1","previousDigest":"${MANIFEST}"}`,
  },
] as const;

for (const { kind, v1, v2 } of TARGETS) {
  test(`the target of ${kind} has the members of distribution 3 in v2, of 2.8 in v1, in their order`, () => {
    const event = sampleEvent(FACTS[kind]);
    assert.equal(target(envelope([event], V2)), v2);
    assert.equal(target(envelope([event], V1)), v1);
  });
}

test("each kind has its action, or is not announced", () => {
  const actions = SAMPLE_EVENTS.map(({ fact }) => [
    fact.kind,
    eventsOf(envelope([sampleEvent(fact)], V2))[0]?.action,
  ]);
  assert.deepEqual(Object.fromEntries(actions), {
    repository_created: undefined,
    repository_deleted: undefined,
    blob_pushed: "push",
    blob_mounted: "mount",
    blob_deleted: "delete",
    blob_collected: undefined,
    blob_damaged: undefined,
    manifest_pushed: "push",
    manifest_pulled: "pull",
    manifest_deleted: "delete",
    tag_created: undefined,
    tag_moved: undefined,
    tag_deleted: "delete",
    upload_cancelled: undefined,
    upload_expired: undefined,
    collection_finished: undefined,
  });
});

test("an event of the registry's own doing has the empty members that Go would print", () => {
  const [event] = eventsOf(envelope([bareEvent(FACTS.blob_deleted)], V2));
  assert.deepEqual(event?.request, { id: "", method: "", useragent: "" });
  assert.deepEqual(event?.actor, {});
  assert.deepEqual(event?.source, {});
});

test("the actor has a name where one is known", () => {
  assert.deepEqual(eventsOf(envelope([sampleEvent(FACTS.blob_pushed)], V2))[0]?.actor, { name: "alice" });
});

test("a push with several tags is one event for each, and ids are the same every time", () => {
  const tags = ["one", "two", "three"].map(parseTag);
  const event = sampleEvent({ ...FACTS.manifest_pushed, tags });
  const events = eventsOf(envelope([event], V2));
  assert.deepEqual(
    events.map((printed) => (printed.target as Printed).tag),
    tags,
  );
  const ids = events.map(({ id }) => String(id));
  assert.equal(ids[0], event.id);
  assert.equal(new Set(ids).size, 3);
  for (const id of ids.slice(1))
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  // Receivers may have stored them: they must not change from version to version either.
  assert.deepEqual(ids.slice(1), [
    "b4dc2711-6e29-56a5-b2cb-0cd5931e888e",
    "7fe71bd6-62b7-559e-83ce-cb4aac10a9ea",
  ]);
  assert.deepEqual(
    eventsOf(envelope([event], V1)).map(({ id }) => id),
    ids,
  );
});

test("a push by digest is one event without a tag", () => {
  const [event, ...others] = eventsOf(envelope([sampleEvent({ ...FACTS.manifest_pushed, tags: [] })], V2));
  assert.deepEqual(others, []);
  assert.ok(!("tag" in Object(event?.target)));
});

test("a push with very many tags and references lists the references once", () => {
  const tags = Array.from({ length: 1000 }, (_, index) => parseTag(`t${index}`));
  const [reference] = FACTS.manifest_pushed.references ?? [];
  const references = Array.from({ length: 500 }, () => reference).filter((one) => one !== undefined);
  const event = sampleEvent({ ...FACTS.manifest_pushed, tags, references });
  const text = envelope([event], { version: "v2", includeReferences: true });
  const counts = eventsOf(text).map(({ target }) => ((target as Printed).references as unknown[])?.length);
  assert.equal(counts.length, 1000);
  assert.deepEqual([counts[0], counts[1], counts[999]], [500, undefined, undefined]);
  assert.ok(text.length < 2_000_000);
});

test("empty content has a size but no length in v2, and neither in v1", () => {
  const descriptor = { ...FACTS.blob_pushed.descriptor, size: 0 };
  const event = bareEvent({ ...FACTS.blob_pushed, descriptor });
  assert.equal(
    target(envelope([event], V2)),
    `{"mediaType":"application/octet-stream","digest":"${BLOB}","size":0,"repository":"a/b"}`,
  );
  assert.equal(
    target(envelope([event], V1)),
    `{"mediaType":"application/octet-stream","digest":"${BLOB}","repository":"a/b"}`,
  );
});

test("times have no zeros at the end, as Go prints them", () => {
  const times = [0, 100, 120, 123].map((milliseconds) => Date.UTC(2026, 10, 20, 18, 15, 30, milliseconds));
  const printed = times.map(
    (time) => eventsOf(envelope([sampleEvent(FACTS.blob_pushed, { time })], V2))[0]?.timestamp,
  );
  const minute = "2026-11-20T18:15";
  assert.deepEqual(printed, [`${minute}:30Z`, `${minute}:30.1Z`, `${minute}:30.12Z`, `${minute}:30.123Z`]);
});

test("what a client calls itself is printed without mark-up and read back unchanged", () => {
  const userAgent = "<script>alert(1)</script> & \u2028 é 😀 \ud800";
  const event = sampleEvent(FACTS.blob_pushed, { request: { id: "1", method: "PUT", userAgent } });
  const text = envelope([event], V2);
  assert.doesNotMatch(text, /[<>&\u2028]/);
  assert.deepEqual(eventsOf(text)[0]?.request, { id: "1", method: "PUT", useragent: userAgent });
});

test("several events keep their order in one envelope", () => {
  const events = DOCKER_KINDS.map((kind, index) => sampleEvent(FACTS[kind], { id: `event-${index}` }));
  assert.deepEqual(
    eventsOf(envelope(events, V2)).map(({ id }) => id),
    events.map(({ id }) => id),
  );
});

test("sha512 digests are named whole", () => {
  const digest = parseDigest(`sha512:${"9c".repeat(64)}`);
  const descriptor = { ...FACTS.blob_pushed.descriptor, digest };
  assert.match(
    envelope([sampleEvent({ ...FACTS.blob_pushed, descriptor })], V2),
    new RegExp(`/blobs/${digest}"`),
  );
});
