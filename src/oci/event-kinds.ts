// The kinds of events, by the names that the schema, filters and webhooks use.

/** All kinds; each is an arm of Event.kind in the schema. */
export const EVENT_KINDS = [
  "repository_created",
  "repository_deleted",
  "blob_pushed",
  "blob_mounted",
  "blob_deleted",
  "blob_collected",
  "blob_damaged",
  "manifest_pushed",
  "manifest_pulled",
  "manifest_deleted",
  "tag_created",
  "tag_moved",
  "tag_deleted",
  "upload_cancelled",
  "upload_expired",
  "collection_finished",
] as const;

/** The kind of an event. */
export type EventKind = (typeof EVENT_KINDS)[number];

export function isEventKind(text: string): text is EventKind {
  return EVENT_KINDS.some((kind) => kind === text);
}
