// Events as CloudEvents 1.0, in structured JSON. All kinds are announced; the data is
// the event as every other reader of the log sees it.
import type { EventRecord } from "../core/events.ts";
import type { LoggedEvent } from "../metadata/metadata-store.ts";
import type { SourceRecord } from "../metadata/records.ts";
import { cursorOf, type DocumentOptions, eventDocument, protobufTime } from "./event-document.ts";
import { type JsonObject, omitEmpty } from "./omit-empty.ts";

/**
 * The "source" of every event: the registry, whichever process wrote the event (data.source tells that) and whatever
 * host name the client used (data.request.host). It never changes, so that subscriptions can name it; ids are UUIDs
 * and differ between registries too.
 */
const SOURCE = "/stowage";

/** What asks for nothing but an answer. */
export interface TestMessage {
  readonly id: string;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** The process that sends it. */
  readonly source?: SourceRecord;
}

export function cloudEvent(logged: LoggedEvent, options: DocumentOptions): JsonObject {
  const { event } = logged;
  return omitEmpty({
    specversion: "1.0",
    id: event.id,
    source: SOURCE,
    type: `dev.stowage.${event.fact.kind.replaceAll("_", ".")}.v1`,
    subject: subjectOf(event),
    time: protobufTime(event.time),
    datacontenttype: "application/json",
    cursor: cursorOf(logged),
    data: eventDocument(logged, options),
  });
}

export function testCloudEvent({ id, time, source }: TestMessage): JsonObject {
  return {
    specversion: "1.0",
    id,
    source: SOURCE,
    type: "dev.stowage.test.v1",
    time: protobufTime(time),
    datacontenttype: "application/json",
    data: omitEmpty({ source: source && omitEmpty({ ...source }) }),
  };
}

/** Of tags "repository:tag", of manifests and blobs "repository@digest", otherwise the repository. */
function subjectOf({ repository, fact }: EventRecord): string | undefined {
  switch (fact.kind) {
    case "tag_created":
    case "tag_moved":
    case "tag_deleted":
      return `${repository}:${fact.tag}`;
    case "blob_pushed":
    case "blob_mounted":
    case "blob_deleted":
    case "blob_collected":
    case "blob_damaged":
    case "manifest_pushed":
    case "manifest_pulled":
    case "manifest_deleted":
      return repository === undefined ? fact.descriptor.digest : `${repository}@${fact.descriptor.digest}`;
    case "repository_created":
    case "repository_deleted":
    case "upload_cancelled":
    case "upload_expired":
    case "collection_finished":
      return repository;
  }
}
