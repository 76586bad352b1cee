// All metrics of Stowage, once: they are made from this table, and so is
// docs/metrics.md. Names and labels are distribution's where they mean the same. No
// label has a repository, a tag or a person in it, nor anything else that clients choose.
import { HANDLERS } from "../../gateway/observer.ts";
import type { MetricDefinition } from "../telemetry/metrics.ts";

type LabelTexts<L extends string> = Readonly<Record<L, string>>;

function counter<L extends string = never>(
  name: string,
  help: string,
  labels: LabelTexts<L>,
): MetricDefinition<L> {
  return { name, type: "counter", help, labels };
}

function gauge<L extends string = never>(
  name: string,
  help: string,
  labels: LabelTexts<L>,
): MetricDefinition<L> {
  return { name, type: "gauge", help, labels };
}

function histogram<L extends string>(
  name: string,
  help: string,
  { labels, buckets }: { readonly labels: LabelTexts<L>; readonly buckets: readonly number[] },
): MetricDefinition<L> {
  return { name, type: "histogram", help, labels, buckets };
}

/** From what memory answers to what only large uploads take. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** From a read of the page cache to a disk that is in trouble. */
const STORAGE_SECONDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/** From a small manifest to a large layer: 1 KiB, 16 KiB, … 4 GiB. */
const BYTES = [2 ** 10, 2 ** 14, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 32];

const HANDLER = HANDLERS.join(", ");
const REQUEST_LABELS = {
  handler: `${HANDLER}; rpc for RPCs over the network; health for grpc.health.v1 and /; other for what leads nowhere`,
  method: "get, head, put, patch, post, delete, options; other",
  code: "the status, such as 200; 499 where the client left before there was one",
};
const NONE = {};
const ENDPOINT = "the webhook's name in the configuration";
const SERVICE = "such as stowage.v1.BlobService";

export const METRICS = {
  requestsInFlight: gauge(
    "registry_http_in_flight_requests",
    "Requests to the Docker API that are being answered.",
    { handler: HANDLER },
  ),
  requestSeconds: histogram(
    "registry_http_request_duration_seconds",
    "Time from a request's head to the end of its answer, in seconds.",
    { labels: REQUEST_LABELS, buckets: REQUEST_SECONDS },
  ),
  requests: counter("registry_http_requests_total", "Requests that were answered.", REQUEST_LABELS),
  requestBytes: histogram(
    "registry_http_request_size_bytes",
    "Size of request bodies as their heads announce it, in bytes; those that announce none (chunked uploads) are not counted.",
    { labels: REQUEST_LABELS, buckets: BYTES },
  ),
  responseBytes: histogram(
    "registry_http_response_size_bytes",
    "Size of the Docker API's answers as their heads announce it, in bytes; 0 for HEAD. Those that were broken off are not counted.",
    { labels: REQUEST_LABELS, buckets: BYTES },
  ),
  storageSeconds: histogram(
    "registry_storage_action_seconds",
    "Time that actions of the stores took, in seconds; of Reader and Writer without the time their clients took. What is answered from memory is not counted.",
    {
      labels: {
        driver: "filesystem, leveldb, inmemory",
        action:
          "Stat, GetContent, PutContent, Delete, List, Reader (a blob that was read), Writer (bytes of an upload that were written), Move (an upload that became a blob), Commit (cards), ReadEvents",
      },
      buckets: STORAGE_SECONDS,
    },
  ),
  cacheRequests: counter(
    "registry_storage_cache_requests_total",
    "Reads of links and blob records, which blobdescriptor caching is for.",
    NONE,
  ),
  cacheHits: counter("registry_storage_cache_hits_total", "Those that were answered from memory.", NONE),
  cacheErrors: counter(
    "registry_storage_cache_errors_total",
    "Always 0: memory does not fail. Here because dashboards ask for it.",
    NONE,
  ),
  webhookEvents: counter(
    "registry_notifications_events_total",
    "Events by what became of them: taken up for delivery; delivered; refused by the receiver, each time; not answered, each time.",
    { type: "Events, Successes, Failures, Errors", endpoint: ENDPOINT },
  ),
  webhookPending: gauge(
    "registry_notifications_pending_total",
    "Events behind the webhook's place in the log, also those that are not for it.",
    { endpoint: ENDPOINT },
  ),
  webhookStatuses: counter("registry_notifications_status_total", "Answers of receivers.", {
    code: 'status and reason, such as "200 OK"',
    endpoint: ENDPOINT,
  }),
  buildInfo: gauge("stowage_build_info", "Always 1: what runs here.", {
    version: "of Stowage",
    commit: "that it was built from, or unknown",
    node: "version of Node.js",
  }),
  ready: gauge("stowage_ready", "1 while the registry takes requests, 0 while it had better get none.", NONE),
  healthCheckUp: gauge("stowage_health_check_up", "1 while the check passes, 0 while it fails.", {
    check: "its name",
  }),
  connections: gauge("stowage_connections", "Open connections, of whatever protocol.", NONE),
  connectionsRefused: counter(
    "stowage_connections_refused_total",
    "Connections that were closed because there were too many.",
    { reason: "limit (http.limits.connections), address (http.limits.connectionsperaddress)" },
  ),
  credentialsRefused: counter(
    "stowage_credentials_refused_total",
    "Requests whose password, token or certificate was wrong.",
    NONE,
  ),
  logLinesDropped: counter(
    "stowage_log_lines_dropped_total",
    "Lines of the log that were given up because nobody took them in time, or the disk was full.",
    NONE,
  ),
  rpcCalls: counter(
    "stowage_rpc_calls_total",
    "RPCs that have ended, over the network and from the gateway in this process.",
    { service: SERVICE, method: "such as StatBlob", code: "ok, or the Connect code, such as not_found" },
  ),
  rpcSeconds: histogram("stowage_rpc_duration_seconds", "Time that RPCs took, in seconds.", {
    labels: { service: SERVICE, method: "such as StatBlob" },
    buckets: REQUEST_SECONDS,
  }),
  rpcsInFlight: gauge("stowage_rpc_in_flight", "RPCs that are being answered.", { service: SERVICE }),
  blobBytesRead: counter("stowage_blob_read_bytes_total", "Bytes of blobs that were read.", NONE),
  blobBytesWritten: counter(
    "stowage_blob_written_bytes_total",
    "Bytes that were written as uploads or manifests.",
    NONE,
  ),
  commits: counter("stowage_catalogue_commits_total", "Commits of the catalogue.", NONE),
  batches: counter(
    "stowage_catalogue_batches_total",
    "Batches that the commits were written in, each with one sync.",
    NONE,
  ),
  commitSeconds: histogram(
    "stowage_catalogue_commit_seconds",
    "Time from asking for a commit to its being durable, in seconds.",
    { labels: NONE, buckets: STORAGE_SECONDS },
  ),
  freeBytes: gauge(
    "stowage_storage_free_bytes",
    "Bytes that can be written to the file system of the data.",
    NONE,
  ),
  sizeBytes: gauge("stowage_storage_size_bytes", "Size of the file system of the data, in bytes.", NONE),
  uploadSessions: gauge("stowage_upload_sessions", "Open upload sessions; 10000: so many or more.", NONE),
  oldestUpload: gauge(
    "stowage_upload_session_oldest_seconds",
    "Age of the oldest open upload session, in seconds; 0: there is none.",
    NONE,
  ),
  lastEvent: gauge("stowage_event_last_sequence", "The newest event's place in the log.", NONE),
  eventsRetained: gauge("stowage_events_retained", "Events that the log holds.", NONE),
  eventSubscribers: gauge("stowage_event_subscribers", "Streams of events that are open.", NONE),
  eventConsumers: gauge("stowage_event_consumers", "Named consumers.", NONE),
  consumerLag: gauge(
    "stowage_event_consumer_lag_max",
    "How many events the named consumer that is furthest behind has before it.",
    NONE,
  ),
  webhookLag: gauge(
    "stowage_webhook_lag_events",
    "Events behind the webhook's place in the log, also those that are not for it.",
    { endpoint: ENDPOINT },
  ),
  webhookLagSeconds: gauge(
    "stowage_webhook_lag_seconds",
    "Age of the oldest event behind the webhook's place, in seconds; 0: there is none.",
    { endpoint: ENDPOINT },
  ),
  webhookDeadLetters: gauge("stowage_webhook_dead_letters", "Events that the webhook gave up and keeps.", {
    endpoint: ENDPOINT,
  }),
  webhookFailing: gauge("stowage_webhook_failing", "1 while the webhook's last attempt failed.", {
    endpoint: ENDPOINT,
  }),
  collected: counter(
    "stowage_gc_removed_total",
    "What garbage collection removed for good, told at the end of each run.",
    {
      kind: "manifest, link, blob, tag_change, repository",
    },
  ),
  collectedBytes: counter("stowage_gc_reclaimed_bytes_total", "Bytes of the blobs among that.", NONE),
  due: gauge(
    "stowage_gc_due",
    "What waits for garbage collection to look at it now; 10000: so much or more.",
    NONE,
  ),
  collectionEnd: gauge(
    "stowage_gc_last_end_timestamp_seconds",
    "When garbage collection last ended, in seconds since 1970; no value: not since the process started.",
    NONE,
  ),
  collecting: gauge("stowage_gc_running", "1 while garbage is being collected.", NONE),
  damagedBlobs: gauge(
    "stowage_scrub_blobs_damaged",
    "Damaged blobs that the scrub that runs, or else the last one, has found; 0 also before the first.",
    NONE,
  ),
  repositories: gauge(
    "stowage_repositories",
    "Repositories, also without a manifest, until they hold nothing and are collected.",
    NONE,
  ),
  manifests: gauge("stowage_manifests", "Manifests in all repositories.", NONE),
  tags: gauge("stowage_tags", "Tags in all repositories.", NONE),
  trashedManifests: gauge("stowage_trashed_manifests", "Manifests in the trash.", NONE),
  logicalBytes: gauge(
    "stowage_logical_bytes",
    "What pulling each manifest by itself would move, in bytes.",
    NONE,
  ),
  repositoryBytes: gauge(
    "stowage_repository_bytes",
    "Bytes of all repositories together, where each digest counts once in each.",
    NONE,
  ),
  storedBytes: gauge("stowage_stored_bytes", "Bytes of the stored blobs, each once.", NONE),
  storedBlobs: gauge("stowage_stored_blobs", "Stored blobs.", NONE),
  quotaDenied: counter("stowage_quota_denied_total", "Requests that were refused because of a quota.", {
    unit: "bytes, tags",
  }),
} as const;
