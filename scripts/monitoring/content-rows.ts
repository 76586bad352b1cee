// The dashboard's rows about what is kept, collected and told, and about the process.
import { lines, of, type Row, rate, stack, stat } from "./panel.ts";

export const CONTENT_ROWS: readonly Row[] = [
  {
    title: "Content",
    panels: [
      lines(
        "How many",
        "short",
        "In all repositories.",
        { expr: of("stowage_repositories"), legend: "repositories" },
        { expr: of("stowage_manifests"), legend: "manifests" },
        { expr: of("stowage_tags"), legend: "tags" },
        { expr: of("stowage_trashed_manifests"), legend: "in the trash" },
        { expr: of("stowage_stored_blobs"), legend: "blobs" },
      ),
      lines(
        "How much",
        "bytes",
        "Stored: each blob once. Repositories: once in each. Logical: once for each manifest.",
        { expr: of("stowage_stored_bytes"), legend: "stored" },
        { expr: of("stowage_repository_bytes"), legend: "in repositories" },
        { expr: of("stowage_logical_bytes"), legend: "logical" },
      ),
      lines("Uploads", "short", "Sessions that are open.", {
        expr: of("stowage_upload_sessions"),
        legend: "open",
      }),
      lines("Oldest upload", "s", "Age of the oldest open session.", {
        expr: of("stowage_upload_session_oldest_seconds"),
        legend: "{{instance}}",
      }),
      stack("Quotas", "short", "Requests within the interval that a quota refused.", {
        expr: `sum(increase(${of("stowage_quota_denied_total")}[$__rate_interval]))`,
        legend: "refused",
      }),
    ],
  },
  {
    title: "Collecting",
    panels: [
      stack("Removed", "short", "Within the interval, for good.", {
        expr: `sum by (kind) (increase(${of("stowage_gc_removed_total")}[$__rate_interval]))`,
        legend: "{{kind}}",
      }),
      lines("Reclaimed", "Bps", "Bytes of blobs.", {
        expr: `sum(rate(${of("stowage_gc_reclaimed_bytes_total")}[$__rate_interval]))`,
        legend: "reclaimed",
      }),
      lines("Due", "short", "What waits to be looked at now.", {
        expr: of("stowage_gc_due"),
        legend: "{{instance}}",
      }),
      lines("Since the last run", "s", "Or since the start, where none has ended.", {
        expr: `time() - (${of("stowage_gc_last_end_timestamp_seconds")} or ${of("process_start_time_seconds")})`,
        legend: "{{instance}}",
      }),
      stat("Runs", "none", "1 while garbage is being collected.", {
        expr: of("stowage_gc_running"),
        legend: "",
      }),
      stat("Damaged blobs", "short", "That the last scrub found.", {
        expr: of("stowage_scrub_blobs_damaged"),
        legend: "",
      }),
    ],
  },
  {
    title: "Events and webhooks",
    panels: [
      lines("Events", "ops", "That are written.", {
        expr: `deriv(${of("stowage_event_last_sequence")}[$__rate_interval])`,
        legend: "{{instance}}",
      }),
      lines("Kept", "short", "Events that the log holds.", {
        expr: of("stowage_events_retained"),
        legend: "{{instance}}",
      }),
      lines(
        "Who listens",
        "short",
        "Open streams, and consumers that have a name.",
        { expr: of("stowage_event_subscribers"), legend: "subscribers" },
        { expr: of("stowage_event_consumers"), legend: "consumers" },
      ),
      lines("Furthest behind", "short", "Events before the consumer that is furthest behind.", {
        expr: of("stowage_event_consumer_lag_max"),
        legend: "{{instance}}",
      }),
      stack("Deliveries", "ops", "Events by what became of them.", {
        expr: rate("registry_notifications_events_total", { by: "endpoint, type" }),
        legend: "{{endpoint}} {{type}}",
      }),
      stack("Answers", "ops", "Of the receivers.", {
        expr: rate("registry_notifications_status_total", { by: "endpoint, code" }),
        legend: "{{endpoint}} {{code}}",
      }),
      lines("Behind, events", "short", "Of each webhook.", {
        expr: of("stowage_webhook_lag_events"),
        legend: "{{endpoint}}",
      }),
      lines("Behind, time", "s", "Age of the oldest event that waits.", {
        expr: of("stowage_webhook_lag_seconds"),
        legend: "{{endpoint}}",
      }),
      lines(
        "Failing",
        "short",
        "1 while the last attempt failed; and events that were given up.",
        { expr: of("stowage_webhook_failing"), legend: "{{endpoint}} fails" },
        { expr: of("stowage_webhook_dead_letters"), legend: "{{endpoint}} given up" },
      ),
    ],
  },
  {
    title: "Health and process",
    panels: [
      lines("Checks", "none", "1 while the check passes.", {
        expr: of("stowage_health_check_up"),
        legend: "{{check}}",
      }),
      lines("Connections", "short", "That are open.", {
        expr: of("stowage_connections"),
        legend: "{{instance}}",
      }),
      lines(
        "Refused",
        "short",
        "Within the interval: connections, wrong credentials, and lines of the log that were dropped.",
        {
          expr: `sum(increase(${of("stowage_connections_refused_total")}[$__rate_interval]))`,
          legend: "connections",
        },
        {
          expr: `sum(increase(${of("stowage_credentials_refused_total")}[$__rate_interval]))`,
          legend: "credentials",
        },
        {
          expr: `sum(increase(${of("stowage_log_lines_dropped_total")}[$__rate_interval]))`,
          legend: "log lines",
        },
      ),
      lines("Processor", "percentunit", "1 is one core.", {
        expr: `rate(${of("process_cpu_seconds_total")}[$__rate_interval])`,
        legend: "{{instance}}",
      }),
      lines(
        "Memory",
        "bytes",
        "Of the process, and in use in its heap.",
        { expr: of("process_resident_memory_bytes"), legend: "resident" },
        { expr: of("nodejs_heap_size_used_bytes"), legend: "heap in use" },
        { expr: of("nodejs_external_memory_bytes"), legend: "buffers" },
      ),
      lines("Event loop", "s", "How late 99 of 100 turns are at most.", {
        expr: of("nodejs_eventloop_lag_p99_seconds"),
        legend: "{{instance}}",
      }),
      lines(
        "Files and connections",
        "short",
        "Open, and how many may be.",
        { expr: of("process_open_fds"), legend: "open" },
        { expr: of("process_max_fds"), legend: "limit" },
      ),
    ],
  },
];
