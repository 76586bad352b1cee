// What a webhook posts: which events, and as what text, in each of the formats.
import type { WebhookAction, WebhookFormat } from "../config/webhook.ts";
import type { EventRecord } from "../core/events.ts";
import type { LoggedEvent } from "../metadata/metadata-store.ts";
import { cloudEvent, type TestMessage, testCloudEvent } from "./cloud-event.ts";
import { dockerAction } from "./docker-action.ts";
import { envelope, envelopeMediaType, targetMediaType } from "./docker-envelope.ts";

export type { TestMessage };

export interface MessageOptions {
  readonly format: WebhookFormat;
  /** True: a push of a manifest lists what the manifest names. */
  readonly includeReferences: boolean;
  /** Events about content of these media types are left out, each compared as a whole. */
  readonly ignoredMediaTypes: readonly string[];
  /** Events of these actions are left out. */
  readonly ignoredActions: readonly WebhookAction[];
}

/** The body of a POST and what it is. */
export interface OutgoingMessage {
  readonly contentType: string;
  readonly body: string;
}

/**
 * False: nothing is posted for it. In Docker's formats a removal has no media type that could be ignored, as with
 * distribution; in CloudEvents it has that of what was removed.
 */
export function isAnnounced(event: EventRecord, options: MessageOptions): boolean {
  const action = dockerAction(event.fact.kind);
  if (action === undefined && options.format !== "cloudevents") return false;
  if (action !== undefined && options.ignoredActions.includes(action)) return false;
  return !options.ignoredMediaTypes.includes(mediaTypeOf(event, options.format));
}

/** One message with these events, in this order. */
export function composeMessage(events: readonly LoggedEvent[], options: MessageOptions): OutgoingMessage {
  const { format, includeReferences } = options;
  if (format === "cloudevents") return cloudMessage(events.map((logged) => cloudEvent(logged, options)));
  const records = events.map(({ event }) => event);
  const body = envelope(records, { version: format, includeReferences });
  return { contentType: envelopeMediaType(format), body };
}

/** A message that announces nothing: an envelope without events, or a CloudEvent of a type of its own. */
export function composeTest({ format }: MessageOptions, test: TestMessage): OutgoingMessage {
  if (format === "cloudevents") return cloudMessage([testCloudEvent(test)]);
  return {
    contentType: envelopeMediaType(format),
    body: envelope([], { version: format, includeReferences: false }),
  };
}

function cloudMessage(events: readonly object[]): OutgoingMessage {
  const [first] = events;
  return events.length === 1
    ? { contentType: "application/cloudevents+json; charset=utf-8", body: JSON.stringify(first) }
    : { contentType: "application/cloudevents-batch+json; charset=utf-8", body: JSON.stringify(events) };
}

function mediaTypeOf(event: EventRecord, format: WebhookFormat): string {
  if (format !== "cloudevents") return targetMediaType(event);
  return "descriptor" in event.fact ? event.fact.descriptor.mediaType : "";
}
