// The dashboard's rows about requests, RPCs and stores.
import {
  lines,
  NO_SUCH,
  of,
  quantile,
  quantiles,
  REQUESTS,
  type Row,
  rate,
  SECONDS,
  stack,
  stat,
} from "./panel.ts";

export const REQUEST_ROWS: readonly Row[] = [
  {
    title: "Overview",
    panels: [
      stat("Ready", "none", "1 while requests are welcome.", {
        expr: of("stowage_ready"),
        legend: "{{instance}}",
      }),
      stat("Version", "none", "What runs.", {
        expr: of("stowage_build_info"),
        legend: "{{version}} {{commit}}",
      }),
      stat("Requests", "reqps", "To the Docker API and the RPCs over the network.", {
        expr: rate(REQUESTS, { by: "instance" }),
        legend: "{{instance}}",
      }),
      stat("Errors", "percentunit", "Share of the requests that are answered with 5xx.", {
        expr: `(${rate(REQUESTS, { by: "instance", labels: 'code=~"5.."' })} or 0 * ${rate(REQUESTS, { by: "instance" })}) / ${rate(REQUESTS, { by: "instance" })}`,
        legend: "{{instance}}",
      }),
      stat("Stored", "bytes", "Bytes of all blobs, each once.", {
        expr: of("stowage_stored_bytes"),
        legend: "",
      }),
      stat("Disk free", "percentunit", "Share of the data's file system.", {
        expr: `${of("stowage_storage_free_bytes")} / ${of("stowage_storage_size_bytes")}`,
        legend: "{{instance}}",
      }),
    ],
  },
  {
    title: "Requests",
    panels: [
      stack("By handler", "reqps", "Which parts of the API are asked.", {
        expr: rate(REQUESTS, { by: "handler" }),
        legend: "{{handler}}",
      }),
      stack("By status", "reqps", "How they are answered; 499: the client left before.", {
        expr: rate(REQUESTS, { by: "code" }),
        legend: "{{code}}",
      }),
      lines(
        "Errors",
        "reqps",
        "Answered with 4xx and with 5xx.",
        { expr: `sum(rate(${of(REQUESTS, 'code=~"4.."')}[$__rate_interval])) or ${NO_SUCH}`, legend: "4xx" },
        { expr: `sum(rate(${of(REQUESTS, 'code=~"5.."')}[$__rate_interval])) or ${NO_SUCH}`, legend: "5xx" },
      ),
      lines(
        "Time of manifests",
        "s",
        "From a request's head to the end of its answer.",
        ...quantiles(SECONDS, { labels: 'handler="manifest"' }),
      ),
      lines(
        "Time by handler",
        "s",
        "What 99 of 100 requests stay below; blobs take as long as the network.",
        {
          expr: quantile(0.99, SECONDS, { by: "handler" }),
          legend: "{{handler}}",
        },
      ),
      lines("In flight", "short", "Requests that are being answered.", {
        expr: `sum by (handler) (${of("registry_http_in_flight_requests")})`,
        legend: "{{handler}}",
      }),
      stack("Answered bytes", "Bps", "Of the Docker API.", {
        expr: rate("registry_http_response_size_bytes_sum", { by: "handler" }),
        legend: "{{handler}}",
      }),
      stack("Received bytes", "Bps", "As requests announce them; chunked uploads do not.", {
        expr: rate("registry_http_request_size_bytes_sum", { by: "handler" }),
        legend: "{{handler}}",
      }),
    ],
  },
  {
    title: "RPCs",
    panels: [
      stack("By method", "reqps", "Over the network, and from the gateway in the same process.", {
        expr: rate("stowage_rpc_calls_total", { by: "service, method" }),
        legend: "{{service}} {{method}}",
      }),
      stack("Not ok", "reqps", "not_found is everyday: clients ask before they push.", {
        expr: rate("stowage_rpc_calls_total", { by: "code", labels: 'code!="ok"' }),
        legend: "{{code}}",
      }),
      lines("Time by service", "s", "What 99 of 100 calls stay below.", {
        expr: quantile(0.99, "stowage_rpc_duration_seconds", { by: "service" }),
        legend: "{{service}}",
      }),
      lines("In flight", "short", "Calls that are being answered; streams of events last.", {
        expr: `sum by (service) (${of("stowage_rpc_in_flight")})`,
        legend: "{{service}}",
      }),
    ],
  },
  {
    title: "Storage",
    panels: [
      lines(
        "Blob bytes",
        "Bps",
        "Read and written.",
        { expr: `sum(rate(${of("stowage_blob_read_bytes_total")}[$__rate_interval]))`, legend: "read" },
        { expr: `sum(rate(${of("stowage_blob_written_bytes_total")}[$__rate_interval]))`, legend: "written" },
      ),
      stack("Actions", "ops", "What the stores do; what memory answers is not counted.", {
        expr: rate("registry_storage_action_seconds_count", { by: "driver, action" }),
        legend: "{{driver}} {{action}}",
      }),
      lines("Time of actions", "s", "What 99 of 100 stay below.", {
        expr: quantile(0.99, "registry_storage_action_seconds", { by: "driver, action" }),
        legend: "{{driver}} {{action}}",
      }),
      lines(
        "Cache hits",
        "percentunit",
        "Share of the reads of links and blob records that memory answers.",
        {
          expr: `${rate("registry_storage_cache_hits_total", { by: "instance" })} / ${rate("registry_storage_cache_requests_total", { by: "instance" })}`,
          legend: "{{instance}}",
        },
      ),
      lines(
        "Catalogue",
        "ops",
        "Commits, and the synced batches that they share.",
        { expr: `sum(rate(${of("stowage_catalogue_commits_total")}[$__rate_interval]))`, legend: "commits" },
        { expr: `sum(rate(${of("stowage_catalogue_batches_total")}[$__rate_interval]))`, legend: "batches" },
      ),
      lines(
        "Time of commits",
        "s",
        "Until they are durable.",
        ...quantiles("stowage_catalogue_commit_seconds"),
      ),
      lines(
        "Disk",
        "bytes",
        "The file system of the data.",
        { expr: of("stowage_storage_free_bytes"), legend: "free" },
        { expr: of("stowage_storage_size_bytes"), legend: "size" },
      ),
    ],
  },
];
