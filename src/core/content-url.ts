// Where the content that an event tells of is found: a URL of the Docker/OCI HTTP
// API, under the host name that the client used.
import type { EventFact, EventRecord, RequestRecord } from "../metadata/records.ts";

// What clients say is not believed: a name or address, and perhaps a port.
const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/**
 * Where a client fetches it. Absent: the event is about neither manifest nor blob, it tells of a removal or of damage, or the host is not known. Where only
 * the scheme is not known it is "http".
 */
export function contentUrl({ repository, request, fact }: EventRecord): string | undefined {
  const content = contentOf(fact);
  const base = request && baseOf(request);
  if (content === undefined || repository === undefined || base === undefined) return;
  return `${base}/v2/${repository}/${content}`;
}

function baseOf({ baseUrl, host, scheme = "http" }: RequestRecord): string | undefined {
  if (baseUrl !== undefined) return baseUrl;
  return host === undefined || !HOST.test(host) ? undefined : `${scheme}://${host}`;
}

function contentOf(fact: EventFact): string | undefined {
  switch (fact.kind) {
    case "blob_pushed":
    case "blob_mounted":
      return `blobs/${fact.descriptor.digest}`;
    case "manifest_pushed":
    case "manifest_pulled":
    case "tag_created":
    case "tag_moved":
      return `manifests/${fact.descriptor.digest}`;
    case "repository_created":
    case "repository_deleted":
    case "blob_deleted":
    case "blob_collected":
    case "blob_damaged":
    case "manifest_deleted":
    case "tag_deleted":
    case "upload_cancelled":
    case "upload_expired":
    case "collection_finished":
      return undefined;
  }
}
