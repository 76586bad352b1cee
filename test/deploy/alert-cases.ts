// For each alert what makes it fire, and what is close to that and does not.

/** Series as promtool writes them, one value a minute: their labels, but for job and instance, and values. */
export interface AlertCase {
  readonly alert: string;
  readonly fires: Readonly<Record<string, string>>;
  readonly quiet: Readonly<Record<string, string>>;
  /** When it is looked at. Absent: after 30 minutes. */
  readonly at?: string;
}

const FREE = "stowage_storage_free_bytes";
const SIZE = "stowage_storage_size_bytes";
const OK = 'registry_http_requests_total{code="200"}';
const FAILED = 'registry_http_requests_total{code="503"}';
const RPC_OK = 'stowage_rpc_calls_total{code="ok"}';

/** A histogram of which 95 of 100 are at most 0.1 s; the rest within `slow`. */
function slowIn(name: string, labels: string, slow: "2.5" | "0.1"): Readonly<Record<string, string>> {
  const bucket = (le: string) => `${name}_bucket{${labels}le="${le}"}`;
  const few = slow === "0.1" ? "0+60x30" : "0+57x30";
  return { [bucket("0.1")]: few, [bucket("2.5")]: "0+60x30", [bucket("+Inf")]: "0+60x30" };
}

const READS = 'handler="manifest",method="get",';

export const ALERT_CASES: readonly AlertCase[] = [
  { alert: "StowageDown", fires: { up: "1x20 0x10" }, quiet: { up: "1x26 0 1x10" } },
  { alert: "StowageUnready", fires: { stowage_ready: "0x30" }, quiet: { stowage_ready: "1x27 0x3" } },
  {
    alert: "StowageHealthCheckFailing",
    fires: { 'stowage_health_check_up{check="storage"}': "0x30" },
    quiet: { 'stowage_health_check_up{check="storage"}': "1x30" },
  },
  {
    alert: "StowageErrors",
    fires: { [OK]: "0+90x30", [FAILED]: "0+10x30" },
    quiet: { [OK]: "0+99x30", [FAILED]: "0+1x30", 'registry_http_requests_total{code="404"}': "0+50x30" },
  },
  {
    alert: "StowageRpcErrors",
    fires: { [RPC_OK]: "0+90x30", 'stowage_rpc_calls_total{code="internal"}': "0+10x30" },
    quiet: { [RPC_OK]: "0+90x30", 'stowage_rpc_calls_total{code="not_found"}': "0+60x30" },
  },
  {
    alert: "StowageSlow",
    fires: slowIn("registry_http_request_duration_seconds", READS, "2.5"),
    quiet: slowIn("registry_http_request_duration_seconds", READS, "0.1"),
  },
  {
    alert: "StowageCommitsSlow",
    fires: slowIn("stowage_catalogue_commit_seconds", "", "2.5"),
    quiet: slowIn("stowage_catalogue_commit_seconds", "", "0.1"),
  },
  {
    alert: "StowageEventLoopBusy",
    fires: { nodejs_eventloop_lag_p99_seconds: "0.7x30" },
    quiet: { nodejs_eventloop_lag_p99_seconds: "0.01x25 2x3" },
  },
  {
    alert: "StowageFilesNearlyUsedUp",
    fires: { process_open_fds: "900x30", process_max_fds: "1024x30" },
    quiet: { process_open_fds: "700x30", process_max_fds: "1024x30" },
  },
  {
    alert: "StowageConnectionsRefused",
    fires: { 'stowage_connections_refused_total{reason="limit"}': "0+1x30" },
    quiet: { 'stowage_connections_refused_total{reason="limit"}': "5x30" },
  },
  {
    alert: "StowageCredentialsRefused",
    fires: { stowage_credentials_refused_total: "0+600x30" },
    quiet: { stowage_credentials_refused_total: "0+60x30" },
  },
  {
    alert: "StowageRestarts",
    fires: { process_start_time_seconds: "1+1x30" },
    quiet: { process_start_time_seconds: "1x15 900x15" },
  },
  {
    alert: "StowageLogLinesDropped",
    fires: { stowage_log_lines_dropped_total: "0x25 1x5" },
    quiet: { stowage_log_lines_dropped_total: "7x30" },
  },
  {
    alert: "StowageDiskNearlyFull",
    fires: { [FREE]: "9x30", [SIZE]: "100x30" },
    quiet: { [FREE]: "11x30", [SIZE]: "100x30" },
  },
  {
    alert: "StowageDiskFull",
    fires: { [FREE]: "2x30", [SIZE]: "100x30" },
    quiet: { [FREE]: "4x30", [SIZE]: "100x30" },
  },
  {
    alert: "StowageDiskFillsUp",
    fires: { [FREE]: "100000-20x480" },
    quiet: { [FREE]: "100000-1x480" },
    at: "8h",
  },
  {
    alert: "StowageBlobsDamaged",
    fires: { stowage_scrub_blobs_damaged: "0x20 1x10" },
    quiet: { stowage_scrub_blobs_damaged: "0x30" },
  },
  {
    alert: "StowageCollectorStopped",
    fires: { process_start_time_seconds: "0x180", stowage_gc_due: "3x180" },
    quiet: { process_start_time_seconds: "0x180", stowage_gc_due: "0x180" },
    at: "3h",
  },
  {
    alert: "StowageCollectorBehind",
    fires: { stowage_gc_due: "10000x480", stowage_gc_last_end_timestamp_seconds: "0+60x480" },
    quiet: { stowage_gc_due: "9000x480", stowage_gc_last_end_timestamp_seconds: "0+60x480" },
    at: "8h",
  },
  {
    alert: "StowageUploadsOld",
    fires: { stowage_upload_session_oldest_seconds: "700000x90" },
    quiet: { stowage_upload_session_oldest_seconds: "600000x90" },
    at: "90m",
  },
  {
    alert: "StowageQuotaReached",
    fires: { 'stowage_quota_denied_total{unit="bytes"}': "0x20 2x10" },
    quiet: { 'stowage_quota_denied_total{unit="bytes"}': "2x30" },
  },
  {
    alert: "StowageWebhookFailing",
    fires: { 'stowage_webhook_failing{endpoint="deploy"}': "1x30" },
    quiet: { 'stowage_webhook_failing{endpoint="deploy"}': "0x20 1x10" },
  },
  {
    alert: "StowageWebhookBehind",
    fires: { 'stowage_webhook_lag_seconds{endpoint="deploy"}': "1000x30" },
    quiet: { 'stowage_webhook_lag_seconds{endpoint="deploy"}': "800x30" },
  },
  {
    alert: "StowageWebhookDeadLetters",
    fires: { 'stowage_webhook_dead_letters{endpoint="deploy"}': "1x30" },
    quiet: { 'stowage_webhook_dead_letters{endpoint="deploy"}': "0x30" },
  },
  {
    alert: "StowageConsumerBehind",
    fires: { stowage_event_consumer_lag_max: "200000x40" },
    quiet: { stowage_event_consumer_lag_max: "90000x40" },
    at: "40m",
  },
];
