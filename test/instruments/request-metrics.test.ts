// What is counted of requests that go another way than most.
import assert from "node:assert/strict";
import { test } from "node:test";
import { METRICS } from "../../src/instruments/metric-table.ts";
import { requestMetrics } from "../../src/instruments/request-metrics.ts";
import type { RequestSink } from "../../src/instruments/request-watch.ts";
import { createObservation } from "../../src/observation.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { Scopes } from "../../src/telemetry/scope.ts";
import { openWholeServer } from "../server/whole-server.ts";
import { eventually } from "../support/eventually.ts";
import { HttpCaller } from "../support/http-caller.ts";
import { Scrape } from "./measured-registry.ts";

/** A registry whose requests are counted. */
async function counted() {
  const metrics = new Metrics({
    definitions: Object.values(METRICS),
    report: (error) => assert.fail(String(error)),
  });
  let ended = 0;
  const counter: RequestSink = { ended: () => void ended++ };
  const requestSinks = [requestMetrics(metrics), counter];
  const observation = createObservation({ scopes: new Scopes(), requestSinks, callSinks: [] });
  const server = await openWholeServer({ observation });
  return {
    server,
    /** Once so many requests have ended. */
    scrape: async (requests: number) => {
      await eventually("their end", async () => (ended === requests ? true : undefined));
      return new Scrape((await metrics.page()).body);
    },
  };
}

test("of an answer that was broken off nobody knows the size", async () => {
  const { server, scrape } = await counted();
  await using _ = server;
  const http = new HttpCaller(server.host);
  const large = Buffer.alloc(64 * 1024 * 1024, 1);
  const digest = digestOf(large);
  await http.expect([201], {
    method: "POST",
    path: `/v2/a/b/blobs/uploads/?digest=${digest}`,
    body: large,
  });
  const response = await http.open({ method: "GET", path: `/v2/a/b/blobs/${digest}` });
  response.on("error", () => undefined).once("data", () => response.destroy());
  const seen = await scrape(2);
  http.close();
  const labels = { handler: "blob", method: "get", code: "200" };
  assert.equal(seen.value("registry_http_requests_total", labels), 1);
  assert.equal(seen.value("registry_http_response_size_bytes_count", labels) ?? 0, 0);
});

test("a load balancer's question whether anybody is there has a name of its own, and what leads nowhere has another", async () => {
  const { server, scrape } = await counted();
  await using _ = server;
  const http = new HttpCaller(server.host);
  for (const path of ["/", "/?now"]) await http.expect([200], { method: "GET", path });
  await http.expect([404], { method: "POST", path: "/" });
  await http.expect([404], { method: "GET", path: "/nowhere" });
  const seen = await scrape(4);
  http.close();
  const requests = (handler: string) => seen.value("registry_http_requests_total", { handler });
  assert.deepEqual([requests("health"), requests("other")], [2, 2]);
});
