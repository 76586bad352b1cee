// What metrics say after what was done is known: of a registry that runs as it is
// installed, asked as Prometheus asks.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import { METRICS } from "../../src/instruments/metric-table.ts";
import type { MetricDefinition } from "../../src/telemetry/metrics.ts";
import { lacking } from "../support/required-tools.ts";
import { tryRun } from "../support/run.ts";
import { MeasuredRegistry, MOST_CONNECTIONS, type Scrape, SMALL } from "./measured-registry.ts";

const LAYER = new Uint8Array(1000).fill(1);
const CONFIG = Buffer.from('{"architecture":"amd64","os":"linux"}');

let bench: MeasuredRegistry;
let manifest: Uint8Array;
let digest: string;

function requests(scrape: Scrape, handler: string, method: string, code: number): number | undefined {
  return scrape.value("registry_http_requests_total", { handler, method, code: String(code) });
}

suite("metrics", () => {
  before(async () => {
    bench = await MeasuredRegistry.start();
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test("an empty registry tells of every metric, and of what it is", async () => {
    const scrape = await bench.scrape();
    for (const { name, type } of Object.values<MetricDefinition>(METRICS))
      assert.ok(scrape.text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.equal(scrape.value("stowage_ready"), 1);
    assert.equal(scrape.value("stowage_build_info", { node: process.versions.node }), 1);
    const checks = scrape.all("stowage_health_check_up");
    assert.ok(checks.length > 0 && checks.every(({ value }) => value === 1));
    for (const name of [
      "repositories",
      "manifests",
      "tags",
      "stored_blobs",
      "stored_bytes",
      "upload_sessions",
    ])
      assert.equal(scrape.value(`stowage_${name}`), 0, name);
    assert.ok((scrape.value("stowage_storage_free_bytes") ?? 0) > 0);
    assert.ok(
      (scrape.value("stowage_storage_size_bytes") ?? 0) >= (scrape.value("stowage_storage_free_bytes") ?? 0),
    );
    assert.ok((scrape.value("process_resident_memory_bytes") ?? 0) > 0);
    assert.ok(scrape.series.some(({ name }) => name === "nodejs_eventloop_lag_seconds"));
  });

  test("requests are counted by what answers them, method and status", async () => {
    const { http } = bench;
    const layers = [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: "", size: LAYER.length }];
    layers[0] = { ...layers[0], digest: await bench.pushBlob("a/b", LAYER) } as (typeof layers)[0];
    const config = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: await bench.pushBlob("a/b", CONFIG),
      size: CONFIG.length,
    };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
    const path = "/v2/a/b/manifests/v1";
    const pushed = await http.expect([201], {
      method: "PUT",
      path,
      body: manifest,
      headers: { "content-type": mediaType },
    });
    digest = String(pushed.headers["docker-content-digest"]);
    for (let count = 0; count < 3; count++) await http.expect([200], { method: "GET", path });
    for (let count = 0; count < 2; count++) await http.expect([200], { method: "HEAD", path });
    await http.expect([404], { method: "GET", path: "/v2/a/b/manifests/none" });
    await http.expect([200], { method: "GET", path: `/v2/a/b/blobs/${layers[0]?.digest}` });
    await http.expect([202], { method: "POST", path: "/v2/a/b/blobs/uploads/" });
    await http.expect([200], { method: "GET", path: "/v2/a/b/tags/list" });
    const scrape = await bench.when("the last request", (at) => requests(at, "tags", "get", 200) === 1);

    const counted = [
      requests(scrape, "blob_upload", "post", 201),
      requests(scrape, "blob_upload", "post", 202),
      requests(scrape, "manifest", "put", 201),
      requests(scrape, "manifest", "get", 200),
      requests(scrape, "manifest", "head", 200),
      requests(scrape, "manifest", "get", 404),
      requests(scrape, "blob", "get", 200),
    ];
    assert.deepEqual(counted, [2, 1, 1, 3, 2, 1, 1]);
    for (const { labels, value } of scrape.all("registry_http_requests_total"))
      assert.equal(scrape.value("registry_http_request_duration_seconds_count", labels), value);
    const sum = (size: string, handler: string, method: string, code: string) =>
      scrape.value(`registry_http_${size}_size_bytes_sum`, { handler, method, code });
    assert.equal(sum("request", "blob_upload", "post", "201"), LAYER.length + CONFIG.length);
    assert.equal(sum("request", "manifest", "put", "201"), manifest.length);
    assert.equal(sum("response", "manifest", "get", "200"), 3 * manifest.length);
    assert.equal(sum("response", "manifest", "head", "200"), 0);
    assert.equal(sum("response", "blob", "get", "200"), LAYER.length);
    assert.equal(scrape.value("registry_http_in_flight_requests"), 0);
    assert.ok((scrape.value("stowage_connections") ?? 0) >= 1);
  });

  test("so are calls, and what the stores did for them", async () => {
    const scrape = await bench.scrape();
    const calls = (method: string, code: string) => scrape.value("stowage_rpc_calls_total", { method, code });
    assert.deepEqual([calls("GetManifest", "ok"), calls("GetManifest", "not_found")], [3, 1]);
    assert.equal(calls("PutManifest", "ok"), 1);
    assert.equal(scrape.value("stowage_rpc_duration_seconds_count", { method: "GetManifest" }), 4);
    assert.equal(scrape.value("stowage_rpc_in_flight"), 0);
    const read = LAYER.length + CONFIG.length; // which the registry reads for the platform
    assert.equal(scrape.value("stowage_blob_read_bytes_total"), read);
    assert.equal(
      scrape.value("stowage_blob_written_bytes_total"),
      LAYER.length + CONFIG.length + manifest.length,
    );
    const actions = (driver: string, action: string) =>
      scrape.value("registry_storage_action_seconds_count", { driver, action });
    assert.equal(actions("filesystem", "Writer"), 2);
    assert.equal(actions("filesystem", "Reader"), 1);
    assert.equal(actions("filesystem", "PutContent"), 1, "the manifest");
    const commits = scrape.value("stowage_catalogue_commits_total") ?? 0;
    assert.ok(commits >= 4, "two blobs, a manifest, a session");
    assert.ok(commits >= (scrape.value("stowage_catalogue_batches_total") ?? Number.POSITIVE_INFINITY));
    assert.equal(actions("leveldb", "Commit"), scrape.value("stowage_catalogue_commit_seconds_count"));
    const looked = scrape.value("registry_storage_cache_requests_total") ?? 0;
    const hits = scrape.value("registry_storage_cache_hits_total") ?? 0;
    assert.ok(looked > hits && hits > 0);
  });

  test("what is inside is told as the catalogue sums it up", async () => {
    const scrape = await bench.scrape();
    const content = LAYER.length + CONFIG.length + manifest.length;
    const told = Object.fromEntries(
      [
        "repositories",
        "manifests",
        "tags",
        "trashed_manifests",
        "logical_bytes",
        "repository_bytes",
        "stored_bytes",
        "stored_blobs",
        "upload_sessions",
      ].map((name) => [name, scrape.value(`stowage_${name}`)]),
    );
    assert.deepEqual(told, {
      repositories: 1,
      manifests: 1,
      tags: 1,
      trashed_manifests: 0,
      logical_bytes: content,
      repository_bytes: content,
      stored_bytes: content,
      stored_blobs: 3,
      upload_sessions: 1,
    });
    const age = scrape.value("stowage_upload_session_oldest_seconds") ?? -1;
    assert.ok(age > 0 && age < 60);
  });

  test("events: how many there are, who reads them, and how far behind", async () => {
    const { events } = bench;
    await events.createConsumer({ consumer: "mirror", start: { case: "fromStart", value: {} } });
    const leaving = new AbortController();
    const stream = events.subscribe({}, { signal: leaving.signal })[Symbol.asyncIterator]();
    await stream.next(); // ready
    const scrape = await bench.scrape();
    const last = scrape.value("stowage_event_last_sequence") ?? 0;
    assert.ok(last >= 5, "a repository, two blobs, a manifest, a tag");
    assert.equal(scrape.value("stowage_events_retained"), last);
    assert.equal(scrape.value("stowage_event_consumers"), 1);
    assert.equal(scrape.value("stowage_event_consumer_lag_max"), last);
    assert.equal(scrape.value("stowage_event_subscribers"), 1);
    assert.equal(scrape.value("stowage_rpc_in_flight", { service: "stowage.v1.EventService" }), 1);
    leaving.abort();
    await assert.rejects(stream.next());
    await events.acknowledgeEvents({ consumer: "mirror", cursor: String(last) });
    const later = await bench.when(
      "the end of the stream",
      (at) => at.value("stowage_event_subscribers") === 0 && requests(at, "rpc", "post", 200) === 3,
    );
    assert.equal(later.value("stowage_event_consumer_lag_max"), 0);
  });

  test("webhooks: what was delivered, what fails and how far behind it is", async () => {
    const endpoint = "deploy";
    const { receiver, http } = bench;
    const count = (at: Scrape, type: string) =>
      at.value("registry_notifications_events_total", { type, endpoint });
    const quiet = await bench.when(
      "the delivery of all",
      (at) => at.value("stowage_webhook_lag_events", { endpoint }) === 0,
    );
    const delivered = receiver.requests.length;
    assert.ok(delivered > 0);
    assert.equal(count(quiet, "Events"), delivered);
    assert.equal(count(quiet, "Successes"), delivered);
    const ok = { code: "200 OK", endpoint };
    assert.equal(quiet.value("registry_notifications_status_total", ok), delivered);
    assert.equal(quiet.value("stowage_webhook_lag_seconds", { endpoint }), 0);
    assert.equal(quiet.value("stowage_webhook_failing", { endpoint }), 0);

    receiver.answer = () => 503;
    await http.expect([201], {
      method: "PUT",
      path: "/v2/a/b/manifests/v2",
      body: manifest,
      headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
    });
    const failing = await bench.when("failures", (at) => (count(at, "Failures") ?? 0) >= 2);
    assert.equal(failing.value("stowage_webhook_failing", { endpoint }), 1);
    assert.ok((failing.value("registry_notifications_pending_total", { endpoint }) ?? 0) >= 1);
    assert.ok((failing.value("stowage_webhook_lag_seconds", { endpoint }) ?? 0) > 0);
    assert.equal(count(failing, "Events"), delivered + 1, "each is counted once, however often it is tried");
    const refused = { code: "503 Service Unavailable", endpoint };
    assert.ok((failing.value("registry_notifications_status_total", refused) ?? 0) >= 2);

    receiver.answer = () => "reset";
    await bench.when("no answers", (at) => (count(at, "Errors") ?? 0) >= 1);
    receiver.answer = () => 200;
    const well = await bench.when("a recovery", (at) => count(at, "Successes") === count(at, "Events"));
    assert.equal(well.value("stowage_webhook_failing", { endpoint }), 0);
    assert.equal(well.value("stowage_webhook_dead_letters", { endpoint }), 0);
  });

  test("what is turned away is counted: credentials, quotas, connections", async () => {
    const authorization = `Basic ${Buffer.from("eve:guess").toString("base64")}`;
    await bench.http.expect([401], { method: "GET", path: "/v2/", headers: { authorization } });
    await bench.pushBlob("small/a", new Uint8Array(SMALL + 1), [403]);
    const address = bench.registry.host.split(":");
    const sockets = Array.from({ length: MOST_CONNECTIONS + 3 }, () =>
      connect({ host: String(address[0]), port: Number(address[1]) }).on("error", () => undefined),
    );
    const scrape = await bench.when(
      "crowds",
      (at) => (at.value("stowage_connections_refused_total", { reason: "address" }) ?? 0) >= 3,
    );
    const closed = sockets.map(async (socket) => {
      if (!socket.closed) await Promise.all([once(socket, "close"), socket.destroy()]);
    });
    await Promise.all(closed);
    assert.equal(scrape.value("stowage_connections_refused_total", { reason: "limit" }), 0);
    assert.ok((scrape.value("stowage_connections") ?? 0) <= MOST_CONNECTIONS);
    assert.equal(scrape.value("stowage_credentials_refused_total"), 1);
    assert.equal(scrape.value("stowage_quota_denied_total", { unit: "bytes" }), 1);
    assert.equal(scrape.value("stowage_quota_denied_total", { unit: "tags" }), 0);
  });

  test("questions about health are told apart from what leads nowhere", async () => {
    const headers = { "content-type": "application/json" };
    const path = "/grpc.health.v1.Health/Check";
    await bench.http.expect([200], { method: "POST", path, headers, body: Buffer.from("{}") });
    const scrape = await bench.when("the question", (at) => requests(at, "health", "post", 200) === 1);
    assert.equal(requests(scrape, "other", "post", 200), undefined);
  });

  test("labels stay few, whatever clients send", async () => {
    const before = await bench.scrape();
    const { http } = bench;
    await http.expect([404, 405], { method: "PROPFIND", path: "/v2/" });
    for (let number = 0; number < 40; number++) {
      await http.call({ method: "MKCOL", path: `/v2/n${number}/tags/list` });
      await http.call({ method: "GET", path: `/v2/team${number}/app/manifests/tag-${number}` });
      await http.call({ method: "GET", path: `/nowhere/${number}` });
      await http.call({ method: "POST", path: `/stowage.v1.Service${number}/Method${number}` });
    }
    const scrape = await bench.when(
      "all of them",
      (at) =>
        (requests(at, "manifest", "get", 404) ?? 0) >= 41 && (requests(at, "other", "get", 404) ?? 0) >= 40,
    );
    const own = scrape.series.filter(({ name }) => /^(registry|stowage)_/.test(name));
    for (const { labels } of own)
      for (const value of Object.values(labels))
        assert.doesNotMatch(value, /team|app|tag-|nowhere|n\d|Service\d/);
    const methods = new Set(scrape.all("registry_http_requests_total").map(({ labels }) => labels.method));
    assert.deepEqual([...methods].toSorted(), ["get", "head", "other", "post", "put"]);
    const named = (at: Scrape) =>
      new Set(at.all("registry_http_requests_total").map((one) => JSON.stringify(one.labels))).size;
    assert.ok(named(scrape) - named(before) <= 6);
  });

  test("garbage collection and scrubbing tell what they did", async () => {
    const { http, maintenance } = bench;
    const dated = await bench.scrape();
    const content = dated.value("stowage_stored_bytes");
    const reading = bench.registry.data;
    const hex = digest.slice("sha256:".length);
    await writeFile(`${reading}/stowage/blobs/sha256/${hex.slice(0, 2)}/${hex}`, "not what it was");
    for await (const _ of maintenance.runScrub({ bytesPerSecond: 0n, restart: true }));
    assert.equal((await bench.scrape()).value("stowage_scrub_blobs_damaged"), 1);

    await http.expect([202], { method: "DELETE", path: `/v2/a/b/manifests/${digest}` });
    const grace = { seconds: 0n, nanos: 0 };
    for await (const _ of maintenance.runCollection({ grace }));
    const scrape = await bench.scrape();
    const removed = (kind: string) => scrape.value("stowage_gc_removed_total", { kind });
    assert.deepEqual([removed("manifest"), removed("link"), removed("blob")], [1, 2, 3]);
    assert.equal(scrape.value("stowage_gc_reclaimed_bytes_total"), content);
    assert.equal(scrape.value("stowage_gc_running"), 0);
    assert.equal(scrape.value("stowage_gc_due"), 0);
    const end = scrape.value("stowage_gc_last_end_timestamp_seconds") ?? 0;
    assert.ok(Math.abs(Date.now() / 1000 - end) < 60);
    assert.equal(scrape.value("stowage_repositories"), 1, "an upload is open in it");
    for (const name of ["manifests", "tags", "stored_blobs", "stored_bytes", "logical_bytes"])
      assert.equal(scrape.value(`stowage_${name}`), 0, name);
  });

  test("each metric of the table has had a value", async () => {
    const scrape = await bench.scrape();
    for (const { name, type } of Object.values<MetricDefinition>(METRICS)) {
      const shown = type === "histogram" ? `${name}_count` : name;
      assert.notEqual(scrape.value(shown), undefined, name);
    }
  });

  test("Prometheus' own tool finds nothing wrong but names that are distribution's or prom-client's", {
    skip: lacking("promtool"),
  }, async () => {
    const { text } = await bench.scrape();
    const file = `${bench.registry.data}/metrics.txt`;
    await writeFile(file, text);
    const { code, stderr } = await tryRun(["sh", "-c", 'promtool check metrics < "$0"', file]);
    assert.ok(code === 0 || code === 3, stderr); // 3: names could be better
    const named = stderr.split("\n").filter((line) => line !== "");
    const others = named.filter(
      (line) => !/^(nodejs_active_\w+|registry_notifications_pending)_total non-counter/.test(line),
    );
    assert.deepEqual(others, []);
  });
});
