// grpc.health.v1, as load balancers use it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../src/gen/grpc/health/v1/health_pb.ts";
import { BlobService } from "../../src/gen/stowage/v1/blob_service_pb.ts";
import { createDirectTransport } from "../../src/rpc/direct-transport.ts";
import { addHealth, ProcessHealth } from "../../src/rpc/health.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;

function setUp() {
  const health = new ProcessHealth([BlobService]);
  const shutdown = new AbortController();
  const transport = createDirectTransport((router) => {
    addHealth(router, health, { shutdownSignal: shutdown.signal });
  });
  return { health, shutdown, client: createClient(Health, transport) };
}

for (const service of ["", BlobService.typeName]) {
  test(`check tells whether "${service}" serves`, async () => {
    const { health, client } = setUp();
    assert.equal((await client.check({ service })).status, SERVING);
    health.setServing(false);
    assert.equal((await client.check({ service })).status, NOT_SERVING);
  });
}

test("liveness is well also while nothing is ready", async () => {
  const { health, client } = setUp();
  health.setServing(false);
  assert.equal((await client.check({ service: "liveness" })).status, SERVING);
  const { statuses } = await client.list({});
  assert.deepEqual([statuses.liveness?.status, statuses[""]?.status], [SERVING, NOT_SERVING]);
});

test("check of an unknown service is not found", async () => {
  const { client } = setUp();
  const error = await client.check({ service: "nobody" }).catch((reason: unknown) => reason);
  assert.ok(error instanceof ConnectError);
  assert.equal(error.code, Code.NotFound);
});

test("list names every service", async () => {
  const { client } = setUp();
  const { statuses } = await client.list({});
  assert.deepEqual(Object.keys(statuses), ["", "stowage.v1.BlobService", "liveness"]);
  assert.equal(statuses[""]?.status, SERVING);
});

test("watch tells the status at once, then each change, then that the server stops", async () => {
  const { health, shutdown, client } = setUp();
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const { status } of client.watch({})) {
      seen.push(status);
      if (seen.length === 1) health.setServing(false);
      if (seen.length === 2) health.setServing(true);
      if (seen.length === 3) {
        health.setServing(false);
        shutdown.abort(new ConnectError("stopping", Code.Unavailable));
      }
    }
  })();
  await assert.rejects(watching, /\[unavailable\] stopping/);
  assert.deepEqual(seen, [SERVING, NOT_SERVING, SERVING, NOT_SERVING]);
});

test("watch of an unknown service says so and goes on", async () => {
  const { client } = setUp();
  const controller = new AbortController();
  const watch = client.watch({ service: "nobody" }, { signal: controller.signal })[Symbol.asyncIterator]();
  assert.equal((await watch.next()).value?.status, SERVICE_UNKNOWN);
  const next = watch.next();
  controller.abort();
  await assert.rejects(next, /canceled/);
});
