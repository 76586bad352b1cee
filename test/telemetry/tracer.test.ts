// Spans on their way to a collector: how many, what of errors, and what when it does not take them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Tracer } from "../../src/telemetry/tracer.ts";
import { eventually } from "../support/eventually.ts";
import { TraceCollector } from "../support/trace-collector.ts";

interface Bench extends AsyncDisposable {
  readonly collector: TraceCollector;
  readonly tracer: Tracer;
  readonly warnings: object[];
}

async function open(path = ""): Promise<Bench> {
  const collector = await TraceCollector.start();
  const warnings: object[] = [];
  const tracer = await Tracer.open({
    otlp: { url: `${collector.url}/v1/traces${path}`, headers: { "x-api-key": "word" }, timeoutMs: 5000 },
    serviceName: "test",
    version: "1.2.3",
    instanceId: "me",
    logger: { warn: (facts, message) => void warnings.push({ ...facts, message }) },
  });
  return {
    collector,
    tracer,
    warnings,
    async [Symbol.asyncDispose]() {
      await tracer.close();
      await collector[Symbol.asyncDispose]();
    },
  };
}

const begin = (tracer: Tracer) => tracer.begin("GET", { attributes: { "url.path": "/v2/" } });

describe("a tracer", () => {
  it("sends what is left when it is closed", async () => {
    await using bench = await open();
    const span = begin(bench.tracer);
    span.child("step", { size: 3, absent: undefined }).end();
    span.rename("GET /v2/");
    span.end();
    await bench.tracer.close();
    const [step, request] = bench.collector.spans;
    assert.deepEqual(
      [request?.name, request?.kind, request?.parentId, request?.traceId],
      ["GET /v2/", "server", "", span.traceId],
    );
    assert.deepEqual([step?.name, step?.kind, step?.parentId], ["step", "internal", span.spanId]);
    assert.deepEqual(step?.attributes, { size: 3 });
    assert.deepEqual(bench.warnings, []);
  });

  it("leaves so many spans of one request, says how many more there were, and nothing that comes after its end", async () => {
    await using bench = await open();
    const span = begin(bench.tracer);
    for (let count = 0; count < 1100; count += 1) span.child("step").end();
    const late = span.child("too many").child("and below it");
    assert.equal(late.traceId, span.traceId);
    late.fail(new Error("never told"));
    late.end();
    span.end();
    span.end();
    const second = begin(bench.tracer);
    second.end();
    second.child("afterwards").end();
    second.set({ afterwards: true });
    await bench.tracer.close();
    const { spans } = bench.collector;
    assert.equal(spans.filter(({ name }) => name === "step").length, 1000);
    const requests = spans.filter(({ name }) => name === "GET");
    assert.deepEqual(
      requests.map(({ attributes }) => attributes),
      [{ "url.path": "/v2/", "stowage.dropped_spans": 101 }, { "url.path": "/v2/" }],
    );
    assert.equal(spans.length, 1002);
  });

  it("tells of an error its kind and message, of a kind of failure only that", async () => {
    await using bench = await open();
    const span = begin(bench.tracer);
    const error = Object.assign(new Error("the disk is full"), {
      code: "ENOSPC",
      authorization: "Basic word",
    });
    const step = span.child("step");
    step.fail(error);
    step.end();
    span.fail("503");
    span.end();
    await bench.tracer.close();
    const [broken, request] = bench.collector.spans;
    assert.deepEqual([broken?.isFailed, request?.isFailed], [true, true]);
    assert.deepEqual(broken?.events, [
      {
        name: "exception",
        attributes: { "exception.type": "ENOSPC", "exception.message": "the disk is full" },
      },
    ]);
    assert.deepEqual(request?.events, []);
    assert.equal(request?.attributes["error.type"], "503");
  });

  it("repeats a delivery that may be repeated", async () => {
    await using bench = await open();
    bench.collector.status = 503;
    begin(bench.tracer).end();
    await eventually("a delivery", async () => bench.collector.deliveries[0]);
    bench.collector.status = 200;
    await eventually("the second attempt", async () => bench.collector.spans[0]);
    await bench.tracer.close();
    assert.deepEqual([bench.collector.spans.length, bench.warnings], [1, []]);
  });

  it("gives up a delivery that is refused, and says so without what is secret", async () => {
    await using bench = await open("?key=word");
    for (const status of [400, 302]) {
      bench.collector.status = status;
      begin(bench.tracer).end();
      await eventually(`an answer ${status}`, async () => bench.collector.deliveries[status === 400 ? 0 : 1]);
    }
    await bench.tracer.close();
    const url = `${bench.collector.url}/v1/traces`;
    const message = "traces could not be delivered";
    assert.deepEqual(bench.warnings, [
      { url, reason: "the collector answers 400", count: 1, message },
      { url, reason: "the collector answers 302", count: 1, message },
    ]);
  });
});
