import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EventLines } from "../../src/commands/event-line.ts";
import { createView } from "../../src/commands/view.ts";
import { EventSchema } from "../../src/gen/stowage/v1/event_pb.ts";
import { SnapshotItemSchema } from "../../src/gen/stowage/v1/event_service_pb.ts";
import { EVENT_KINDS } from "../../src/oci/event-kinds.ts";

const TIME = new Date("2026-03-01T12:00:00.5Z");
const DIGEST = `sha256:${"ab".repeat(32)}`;
const DESCRIPTOR = { mediaType: "a/b", digest: DIGEST, size: 2048n };

type Kind = MessageInitShape<typeof EventSchema>["kind"];

interface Rest {
  readonly repository?: string;
  readonly cursor?: string;
  readonly request?: { readonly address: string };
  readonly actor?: { readonly name: string };
}

function event(kind: Kind, rest: Rest = {}) {
  const { request, actor, ...texts } = { cursor: "7", repository: "team/a", ...rest };
  return create(EventSchema, {
    ...texts,
    time: timestampFromDate(TIME),
    ...(request !== undefined && { request }),
    ...(actor !== undefined && { actor }),
    ...(kind !== undefined && { kind }),
  });
}

function lines(isTerminal = false, { columns, hasColors = isTerminal }: Partial<Terminal> = {}): EventLines {
  const out = { isTerminal, hasColors, ...(columns !== undefined && { columns }), write: async () => {} };
  return new EventLines(createView({ out, now: Date.now }));
}

interface Terminal {
  readonly columns: number;
  readonly hasColors: boolean;
}

const DETAILS: readonly (readonly [NonNullable<Kind>, RegExp])[] = [
  [{ case: "repositoryCreated", value: {} }, /^repository_created +team\/a {2,}#7$/],
  [{ case: "repositoryDeleted", value: {} }, /^repository_deleted +team\/a {2,}#7$/],
  [
    { case: "blobPushed", value: { descriptor: DESCRIPTOR } },
    /^blob_pushed .* sha256:abababababab 2\.0 KiB {2}#7$/,
  ],
  [
    { case: "blobMounted", value: { descriptor: DESCRIPTOR, fromRepository: "b" } },
    / 2\.0 KiB from b {2}#7$/,
  ],
  [{ case: "blobDeleted", value: { descriptor: DESCRIPTOR } }, / sha256:abababababab 2\.0 KiB {2}#7$/],
  [{ case: "blobCollected", value: { descriptor: DESCRIPTOR } }, / sha256:abababababab 2\.0 KiB {2}#7$/],
  [
    { case: "blobDamaged", value: { descriptor: DESCRIPTOR, repositories: ["a/b", "c"] } },
    / sha256:abababababab 2\.0 KiB in a\/b, c {2}#7$/,
  ],
  [
    { case: "blobDamaged", value: { descriptor: DESCRIPTOR, repositories: ["a", "b", "c", "d", "e"] } },
    / 2\.0 KiB in a, b, c and 2 more {2}#7$/,
  ],
  [{ case: "blobDamaged", value: { descriptor: DESCRIPTOR } }, / 2\.0 KiB {2}#7$/],
  [
    {
      case: "manifestPushed",
      value: { descriptor: DESCRIPTOR, tags: ["v1", "v2"], artifactType: "a/sbom", subject: DIGEST },
    },
    / 2\.0 KiB v1 v2 a\/sbom subject sha256:abababababab {2}#7$/,
  ],
  [
    {
      case: "manifestPushed",
      value: { descriptor: DESCRIPTOR, artifactType: "application/vnd.oci.image.config.v1+json" },
    },
    / 2\.0 KiB {2}#7$/,
  ],
  [
    { case: "manifestPushed", value: { descriptor: DESCRIPTOR, tags: ["v1"], restored: true } },
    / team\/a:v1 +sha256:abababababab 2\.0 KiB restored {2}#7$/,
  ],
  [
    { case: "manifestPulled", value: { descriptor: DESCRIPTOR, tag: "v1", count: 1n } },
    / team\/a:v1 +sha256:abababababab {2}#7$/,
  ],
  [
    { case: "manifestPulled", value: { descriptor: DESCRIPTOR, count: 1200n } },
    / sha256:abababababab ×1,200 {2}#7$/,
  ],
  [{ case: "manifestDeleted", value: { descriptor: DESCRIPTOR } }, / sha256:abababababab 2\.0 KiB {2}#7$/],
  [
    { case: "tagCreated", value: { tag: "v1", descriptor: DESCRIPTOR } },
    / team\/a:v1 +sha256:abababababab {2}#7$/,
  ],
  [
    {
      case: "tagMoved",
      value: { tag: "v1", descriptor: DESCRIPTOR, previousDigest: `sha256:${"cd".repeat(32)}` },
    },
    / team\/a:v1 +sha256:cdcdcdcdcdcd -> sha256:abababababab {2}#7$/,
  ],
  [
    { case: "tagDeleted", value: { tag: "v1", descriptor: DESCRIPTOR } },
    / team\/a:v1 +sha256:abababababab {2}#7$/,
  ],
  [{ case: "uploadCancelled", value: { uploadId: "u-1" } }, / u-1 {2}#7$/],
  [{ case: "uploadExpired", value: { uploadId: "u-1" } }, / u-1 {2}#7$/],
  [
    { case: "collectionFinished", value: { manifests: 1n, links: 0n, blobs: 1200n, bytes: 2048n } },
    / 1 manifest, 0 links, 1,200 blobs of 2\.0 KiB {2}#7$/,
  ],
];

test("each kind of event has a line that tells what it is about", () => {
  const seen = new Set<string>();
  for (const [kind, expected] of DETAILS) {
    const line = lines().event(event(kind));
    assert.ok(line.startsWith("2026-03-01T12:00:00.500Z  "), line);
    assert.match(line.slice(26), expected);
    seen.add(line.slice(26).split(" ")[0] ?? "");
  }
  assert.deepEqual([...seen].sort(), [...EVENT_KINDS].sort());
});

test("an event of a kind that is not known yet is a line too", () => {
  assert.match(lines().event(event(undefined)), /unknown +team\/a/);
});

test("an event that concerns no repository has a line with a dash in its place", () => {
  const kind = { case: "blobCollected", value: { descriptor: DESCRIPTOR } } as const;
  assert.match(lines().event(event(kind, { repository: "" })), /blob_collected +- +sha256:abababababab /);
});

test("who did it stands before the cursor, without the port that changes each time", () => {
  const kind = { case: "repositoryCreated", value: {} } as const;
  const origin = (address: string, name?: string) =>
    lines()
      .event(event(kind, { request: { address }, ...(name !== undefined && { actor: { name } }) }))
      .split(/ {2,}/)
      .slice(-2);
  assert.deepEqual(origin("10.0.0.7:51234", "alice"), ["alice from 10.0.0.7", "#7"]);
  assert.deepEqual(origin("[2001:db8::1]:51234"), ["from 2001:db8::1", "#7"]);
  assert.deepEqual(origin("", "alice"), ["alice", "#7"]);
});

test("the repository's column grows with the names and never shrinks; one very long name moves only its own line", () => {
  const made = lines();
  const column = (repository: string) =>
    made.event(event({ case: "uploadExpired", value: { uploadId: "HERE" } }, { repository })).indexOf("HERE");
  const narrow = column("a");
  assert.equal(column("x".repeat(24)), narrow);
  assert.equal(column("x".repeat(40)), narrow + 16);
  assert.equal(column("a"), narrow + 16);
  assert.ok(column("x".repeat(200)) > narrow + 100);
  const wide = column("a");
  assert.ok(wide < narrow + 50, String(wide));
  assert.equal(column("b"), wide);
});

test("on a terminal times are short and local, and colours tell kinds apart", () => {
  const moved = lines(true).event(event({ case: "tagMoved", value: { tag: "v1" } }));
  const local = new Date(TIME);
  const clock = [local.getHours(), local.getMinutes(), local.getSeconds()];
  assert.ok(moved.includes(clock.map((part) => String(part).padStart(2, "0")).join(":")), moved);
  assert.ok(!moved.includes("2026"));
  assert.ok(moved.includes("\u001b[33mtag_moved"), "yellow");
  assert.ok(
    lines(true)
      .event(event({ case: "tagDeleted", value: {} }))
      .includes("\u001b[31mtag_deleted"),
    "red",
  );
});

test("nothing that a server sends moves the cursor of a terminal", () => {
  const hostile = "\u001b[2J\r\n";
  const line = lines().event(
    event(
      { case: "tagCreated", value: { tag: hostile } },
      { repository: hostile, cursor: hostile, request: { address: hostile }, actor: { name: hostile } },
    ),
  );
  assert.doesNotMatch(line, /\p{Cc}/u);
});

test("what exists is a line with the same columns", () => {
  const at = { repository: "team/a", time: timestampFromDate(TIME) };
  const item = (item: NonNullable<MessageInitShape<typeof SnapshotItemSchema>["item"]>) =>
    lines()
      .item(create(SnapshotItemSchema, { ...at, item }))
      .split(/ {2,}/)
      .slice(1);
  assert.deepEqual(item({ case: "repositoryState", value: {} }), ["exists", "team/a", "repository"]);
  assert.deepEqual(item({ case: "blob", value: { descriptor: DESCRIPTOR } }), [
    "exists",
    "team/a",
    "blob sha256:abababababab 2.0 KiB",
  ]);
  assert.deepEqual(item({ case: "manifest", value: { descriptor: DESCRIPTOR, artifactType: "a/sbom" } }), [
    "exists",
    "team/a",
    "manifest sha256:abababababab 2.0 KiB a/sbom",
  ]);
  assert.deepEqual(item({ case: "tag", value: { tag: "v1", descriptor: DESCRIPTOR } }), [
    "exists",
    "team/a:v1",
    "tag sha256:abababababab",
  ]);
  const columns = [event({ case: "uploadExpired", value: {} }), undefined].map((message) =>
    message === undefined
      ? lines().item(create(SnapshotItemSchema, { ...at, item: { case: "repositoryState", value: {} } }))
      : lines().event(message),
  );
  assert.equal(columns[0]?.indexOf("team/a"), columns[1]?.indexOf("team/a"));
});

const ORIGIN = { request: { address: "10.0.0.7:51234" }, actor: { name: "alice" } };
const PREVIOUS = `sha256:${"cd".repeat(32)}`;
const MOVED = {
  case: "tagMoved",
  value: { tag: "v1.2.3", descriptor: DESCRIPTOR, previousDigest: PREVIOUS },
} as const;
const CREATED = { case: "tagCreated", value: { tag: "v1", descriptor: DESCRIPTOR } } as const;
const SBOM = {
  case: "manifestPushed",
  value: { descriptor: DESCRIPTOR, artifactType: "application/vnd.example.sbom+json", subject: DIGEST },
} as const;

function linesAt(columns: number): string[] {
  const made = lines(true, { columns, hasColors: false });
  return [
    made.event(event(CREATED, ORIGIN)),
    made.event(event(MOVED, { ...ORIGIN, repository: "platform/services/billing", cursor: "12345" })),
    made.event(event(SBOM, ORIGIN)),
  ].map((line) => line.replace(/\d\d:00:00/, "hh:00:00"));
}

test("lines fit a terminal of 120 columns: who did it goes first, then what digests begin with", () => {
  assert.deepEqual(linesAt(120), [
    "Mar 01 hh:00:00  tag_created         team/a:v1                 sha256:abababababab  alice from 10.0.0.7  #7",
    "Mar 01 hh:00:00  tag_moved           platform/services/billing:v1.2.3  cdcdcdcdcdcd -> abababababab  #12345",
    "Mar 01 hh:00:00  manifest_pushed     team/a                    abababababab 2.0 KiB application/vnd.example.sbom+js…  #7",
  ]);
});

test("lines fit a terminal of 80 columns: the date goes, and names are cut in the middle", () => {
  const narrow = linesAt(80);
  for (const line of narrow) assert.ok(line.length <= 80, line);
  assert.deepEqual(narrow, [
    "Mar 01 hh:00:00  tag_created         team/a:v1                 abababababab  #7",
    "hh:00:00  tag_moved           plat…:v1.2.3  cdcdcdcdcdcd -> abababababab  #12345",
    "hh:00:00  manifest_pushed     team/a            abababababab 2.0 KiB applic…  #7",
  ]);
});

test("NO_COLOR changes nothing but colours", () => {
  const kind = { case: "tagMoved", value: { tag: "v1" } } as const;
  const [coloured, plain] = [true, false].map((hasColors) => lines(true, { hasColors }).event(event(kind)));
  assert.equal(plain, stripVTControlCharacters(coloured ?? ""));
  assert.notEqual(plain, coloured);
});
