// An event as the protobuf JSON of stowage.v1.Event, written by hand: this room knows
// no protobuf. A test compares the two for every kind.
import { contentUrl } from "../core/content-url.ts";
import type { EventFact, EventRecord } from "../core/events.ts";
import type { LoggedEvent } from "../metadata/metadata-store.ts";
import type { EventDescriptor } from "../metadata/records.ts";
import { type JsonObject, omitEmpty } from "./omit-empty.ts";

export interface DocumentOptions {
  /** True: a push of a manifest lists what the manifest names. */
  readonly includeReferences: boolean;
}

/** The cursor behind which a reader of the event log continues after this event. */
export function cursorOf({ sequence }: LoggedEvent): string {
  return String(sequence);
}

export function eventDocument(logged: LoggedEvent, options: DocumentOptions): JsonObject {
  const { event } = logged;
  const { fact, actor } = event;
  return omitEmpty({
    cursor: cursorOf(logged),
    eventId: event.id,
    time: protobufTime(event.time),
    repository: event.repository,
    request: requestObject(event),
    actor: actor === undefined ? undefined : omitEmpty({ name: actor }),
    source: event.source && omitEmpty({ address: event.source.address, instanceId: event.source.instanceId }),
    url: contentUrl(event),
    [memberName(fact.kind)]: factObject(fact, options),
  });
}

/** RFC 3339 with three decimals or none, as protobuf prints milliseconds. */
export function protobufTime(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

function requestObject({ request }: EventRecord): JsonObject | undefined {
  if (request === undefined) return undefined;
  const { id, address, host, method, userAgent, scheme } = request;
  return omitEmpty({ requestId: id, address, host, method, userAgent, scheme });
}

function memberName(kind: string): string {
  return kind.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function factObject(fact: EventFact, { includeReferences }: DocumentOptions): JsonObject {
  switch (fact.kind) {
    case "repository_created":
    case "repository_deleted":
      return {};
    case "blob_pushed":
      return omitEmpty({ descriptor: descriptorObject(fact.descriptor), uploadId: fact.uploadId });
    case "blob_mounted":
      return omitEmpty({
        descriptor: descriptorObject(fact.descriptor),
        fromRepository: fact.fromRepository,
      });
    case "blob_deleted":
    case "blob_collected":
      return { descriptor: descriptorObject(fact.descriptor) };
    case "blob_damaged":
      return omitEmpty({
        descriptor: descriptorObject(fact.descriptor),
        repositories: fact.repositories,
      });
    case "manifest_pushed":
      return omitEmpty({
        descriptor: descriptorObject(fact.descriptor),
        tags: fact.tags,
        subject: fact.subject,
        artifactType: fact.artifactType,
        restored: fact.restored,
        ...(includeReferences && {
          references: fact.references?.map(descriptorObject),
          referenceCount: fact.referenceCount,
        }),
      });
    case "manifest_pulled":
      return omitEmpty({
        descriptor: descriptorObject(fact.descriptor),
        tag: fact.tag,
        count: String(fact.count ?? 1),
        subject: fact.subject,
        artifactType: fact.artifactType,
      });
    case "manifest_deleted":
      return omitEmpty({
        descriptor: descriptorObject(fact.descriptor),
        subject: fact.subject,
        artifactType: fact.artifactType,
      });
    case "tag_created":
    case "tag_deleted":
      return omitEmpty({
        tag: fact.tag,
        descriptor: descriptorObject(fact.descriptor),
        artifactType: fact.artifactType,
      });
    case "tag_moved":
      return omitEmpty({
        tag: fact.tag,
        descriptor: descriptorObject(fact.descriptor),
        previousDigest: fact.previousDigest,
        artifactType: fact.artifactType,
      });
    case "upload_cancelled":
    case "upload_expired":
      return omitEmpty({ uploadId: fact.uploadId });
    case "collection_finished":
      return omitEmpty({
        manifests: int64(fact.manifests),
        links: int64(fact.links),
        blobs: int64(fact.blobs),
        bytes: int64(fact.bytes),
      });
  }
}

function descriptorObject({ mediaType, digest, size }: EventDescriptor): JsonObject {
  return omitEmpty({ mediaType, digest, size: int64(size) });
}

/** Protobuf prints an int64 as a string, and leaves zero out. */
function int64(value: number): string {
  return value === 0 ? "" : String(value);
}
