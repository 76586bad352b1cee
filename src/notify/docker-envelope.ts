// Events as Docker's distribution posts them: an envelope with a list of events, in
// its own order of members and with its indentation. "v1" is what distribution 2.8
// sends, "v2" what 3.x does; they differ in the media type and in empty members.
import { v5 } from "uuid";
import type { WebhookAction, WebhookFormat } from "../config/webhook.ts";
import { contentUrl } from "../core/content-url.ts";
import type { EventRecord } from "../core/events.ts";
import type { EventDescriptor } from "../metadata/records.ts";
import { dockerAction } from "./docker-action.ts";
import { type JsonObject, omitEmpty } from "./omit-empty.ts";

export type EnvelopeVersion = Exclude<WebhookFormat, "cloudevents">;

export interface EnvelopeOptions {
  readonly version: EnvelopeVersion;
  /** True: a push of a manifest lists what the manifest names. */
  readonly includeReferences: boolean;
}

/** What an event is about. Absent members are empty in the descriptor, or not there at all. */
interface Target extends Partial<EventDescriptor> {
  readonly fromRepository?: string;
  readonly tag?: string;
  readonly references?: readonly EventDescriptor[];
  /** Ours: what a deleted tag pointed to. As "digest" it would read as the deletion of that manifest. */
  readonly previousDigest?: string;
}

/** The namespace of the ids of a push's second and further tags. Never to be changed. */
const TAG_EVENT_IDS = "5f0c1a52-6a0e-4d3c-9d0b-3a9f4b8e7c21";

/** A push whose events would list more than this in all lists it in the first one only. */
const MAX_LISTED_REFERENCES = 10_000;

export function envelopeMediaType(version: EnvelopeVersion): string {
  return `application/vnd.docker.distribution.events.${version}+json`;
}

/** The envelope's text. Events without a Docker action are left out. */
export function envelope(events: readonly EventRecord[], options: EnvelopeOptions): string {
  const text = JSON.stringify({ events: events.flatMap((event) => dockerEvents(event, options)) }, null, 3);
  return text.replace(/[<>&\u2028\u2029]/g, escapeCharacter);
}

/** The media type that the event's target names; as with distribution, removals name none. */
export function targetMediaType({ fact }: EventRecord): string {
  if (dockerAction(fact.kind) === "delete" || !("descriptor" in fact)) return "";
  return fact.descriptor.mediaType;
}

function dockerEvents(event: EventRecord, options: EnvelopeOptions): readonly JsonObject[] {
  const action = dockerAction(event.fact.kind);
  if (action === undefined) return [];
  return targets(event, options).map((target, index) => ({
    id: index === 0 ? event.id : v5(`${event.id}/${target.tag}`, TAG_EVENT_IDS),
    timestamp: timestamp(event.time),
    action,
    target: targetObject(event, action, { target, version: options.version }),
    request: requestObject(event),
    actor: omitEmpty({ name: event.actor }),
    source: omitEmpty({ addr: event.source?.address, instanceID: event.source?.instanceId }),
  }));
}

/** One for each tag of a push, otherwise one. */
function targets({ fact }: EventRecord, { includeReferences }: EnvelopeOptions): readonly Target[] {
  switch (fact.kind) {
    case "manifest_pushed": {
      const { descriptor, tags, references = [] } = fact;
      const listed = includeReferences && { references };
      const one = references.length * tags.length > MAX_LISTED_REFERENCES;
      if (tags.length === 0) return [{ ...descriptor, ...listed }];
      return tags.map((tag, index) => ({ ...descriptor, tag, ...((index === 0 || !one) && listed) }));
    }
    case "manifest_pulled":
      return [{ ...fact.descriptor, ...(fact.tag !== undefined && { tag: fact.tag }) }];
    case "blob_mounted": {
      const { descriptor, fromRepository } = fact;
      return [{ ...descriptor, ...(fromRepository !== undefined && { fromRepository }) }];
    }
    case "blob_pushed":
      return [fact.descriptor];
    case "blob_deleted":
    case "manifest_deleted":
      return [{ digest: fact.descriptor.digest }];
    case "tag_deleted":
      return [{ tag: fact.tag, previousDigest: fact.descriptor.digest }];
    default:
      return [];
  }
}

function targetObject(
  event: EventRecord,
  action: WebhookAction,
  { target, version }: { readonly target: Target; readonly version: EnvelopeVersion },
): JsonObject {
  return {
    ...descriptorObject(target, version),
    ...omitEmpty({
      length: target.size,
      repository: event.repository,
      fromRepository: target.fromRepository,
      url: action === "delete" ? undefined : contentUrl(event),
      tag: target.tag,
      references: target.references?.map((reference) => descriptorObject(reference, version)),
      previousDigest: target.previousDigest,
    }),
  };
}

/** 2.8 leaves empty members out and says the size first. */
function descriptorObject(descriptor: Partial<EventDescriptor>, version: EnvelopeVersion): JsonObject {
  const { mediaType = "", digest = "", size = 0 } = descriptor;
  return version === "v1" ? omitEmpty({ mediaType, size, digest }) : { mediaType, digest, size };
}

/** Id, method and user agent are always there, as distribution has it. */
function requestObject({ request }: EventRecord): JsonObject {
  const { id = "", address, host, method = "", userAgent = "" } = request ?? {};
  return { id, ...omitEmpty({ addr: address, host }), method, useragent: userAgent };
}

/** RFC 3339 without zeros at the end, as Go prints it. */
function timestamp(time: number): string {
  return new Date(time).toISOString().replace(/\.?0+Z$/, "Z");
}

/** As Go does, so that a user agent shown in a page is no mark-up. */
function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
