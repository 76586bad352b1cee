// Every kind of event on the page is what a registry writes.
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { EventSchema } from "../../src/gen/stowage/v1/event_pb.ts";
import { dockerAction } from "../../src/notify/docker-action.ts";
import { eventDocument } from "../../src/notify/event-document.ts";
import { EVENT_KINDS, type EventKind } from "../../src/oci/event-kinds.ts";
import { bareEvent, FACTS } from "../notify/sample-events.ts";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { deleteAgain, makeAndPull } from "./every-kind.ts";
import { type Document, Page } from "./page.ts";
import { callRpc } from "./rpc.ts";
import { shapeOf } from "./shape.ts";

/** What the page shows once and leaves out everywhere else. */
const SHARED = ["cursor", "eventId", "time", "request", "source"];

/** Maintenance writes these, in its own time. */
const BY_MAINTENANCE: readonly EventKind[] = [
  "upload_expired",
  "repository_deleted",
  "blob_collected",
  "blob_damaged",
  "collection_finished",
];

/** These concern no repository in particular. */
const ELSEWHERE: readonly EventKind[] = ["blob_collected", "blob_damaged", "collection_finished"];

const page = await Page.read();

suite("the kinds on docs/events.md", () => {
  let directory: string;
  let registry: LocalRegistry;
  let events: readonly Document[];

  before(async () => {
    directory = await makeTemporaryDirectory();
    registry = await LocalRegistry.start({ directory, sections: { events: { pulls: { enabled: true } } } });
    await makeAndPull(registry.host);
    await eventually("a pull", async () => {
      const found = await listEvents(registry.url);
      return found.find((event) => "manifestPulled" in event);
    });
    await deleteAgain(registry.host);
    events = await listEvents(registry.url);
  });
  after(async () => {
    await registry.stop();
    await removeTemporaryDirectory(directory);
  });

  for (const kind of EVENT_KINDS.filter((name) => !BY_MAINTENANCE.includes(name)))
    test(`${kind} looks as a registry writes it`, () => {
      const real = events.filter((event) => memberName(kind) in event);
      assert.notEqual(real.length, 0, "the registry writes none");
      const shapes = real.map((event) => shapeOf(isWhole(example(kind)) ? event : withoutShared(event)));
      const expected = shapeOf(example(kind));
      const isReal = shapes.some((shape) => JSON.stringify(shape) === JSON.stringify(expected));
      if (!isReal) assert.deepEqual(expected, shapes[0]);
    });

  test("one example shows what all events have", () => {
    const whole = EVENT_KINDS.map(example).filter(isWhole);
    assert.equal(whole.length, 1);
    for (const event of events)
      assert.deepEqual(
        Object.keys(event).filter((name) => SHARED.includes(name)),
        SHARED,
      );
  });
});

for (const kind of BY_MAINTENANCE)
  test(`${kind} looks as the registry prints it when nobody asked for it`, () => {
    const whole = bareEvent(FACTS[kind]);
    const { repository: _, ...rest } = whole;
    const event = ELSEWHERE.includes(kind) ? rest : whole;
    const printed = eventDocument({ sequence: 1, event }, { includeReferences: true });
    assert.deepEqual(shapeOf(example(kind)), shapeOf(withoutShared(printed)));
  });

test("every example is a message of the schema, with no member that it does not know", () => {
  for (const kind of EVENT_KINDS) {
    const message = fromJson(EventSchema, example(kind) as JsonValue);
    assert.equal(message.kind.case, memberName(kind));
    assert.deepEqual(toJson(EventSchema, message), example(kind));
  }
});

test("every kind has a heading", () => {
  const headings = [...page.text.matchAll(/^#### (\w+_\w+)$/gm)].map(([, kind]) => kind);
  assert.deepEqual(headings.sort(), [...EVENT_KINDS].sort());
});

test("the table of actions says what becomes of every kind in Docker's envelopes", () => {
  const rows = page.rows.filter(([first = ""]) => /^`\w+_\w+`/.test(first));
  const told = rows.flatMap(([kinds = "", action = ""]) =>
    [...kinds.matchAll(/`(\w+)`/g)].map(([, kind]) => `${kind}: ${/^\w+/.exec(action)}`),
  );
  const expected = EVENT_KINDS.map((kind) => `${kind}: ${dockerAction(kind) ?? "none"}`);
  assert.deepEqual(told.sort(), expected.sort());
});

/** The page's event of the kind. */
function example(kind: EventKind): Document {
  const found = page.examplesWith(memberName(kind));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} examples are ${kind}`);
  return first;
}

function memberName(kind: EventKind): string {
  return kind.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function isWhole(event: Document): boolean {
  return "cursor" in event;
}

function withoutShared(event: Document): Document {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !SHARED.includes(name)));
}

async function listEvents(url: string): Promise<readonly Document[]> {
  const { events } = await callRpc(url, "EventService/ListEvents", { includeReferences: true });
  return events;
}
