// The four actions that Docker's notifications know, and which events they announce.
import type { WebhookAction } from "../config/webhook.ts";
import type { EventKind } from "../core/events.ts";

/** Absent: Docker's notifications have no word for it, or have said it already: a push names its tags. */
export function dockerAction(kind: EventKind): WebhookAction | undefined {
  switch (kind) {
    case "blob_pushed":
    case "manifest_pushed":
      return "push";
    case "manifest_pulled":
      return "pull";
    case "blob_mounted":
      return "mount";
    case "blob_deleted":
    case "manifest_deleted":
    case "tag_deleted":
      return "delete";
    case "repository_created":
    case "repository_deleted":
    case "blob_collected":
    case "blob_damaged":
    case "tag_created":
    case "tag_moved":
    case "upload_cancelled":
    case "upload_expired":
    case "collection_finished":
      return undefined;
  }
}
