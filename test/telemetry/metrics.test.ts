// What is told to who scrapes: accumulators as they are at that moment, and sources as
// far as they answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type MetricDefinition, Metrics, reading } from "../../src/telemetry/metrics.ts";
import { eventually } from "../support/eventually.ts";
import { parseExposition } from "../support/exposition.ts";

const PULLS: MetricDefinition<"kind"> = {
  name: "pulls_total",
  type: "counter",
  help: "Pulls.",
  labels: { kind: "any" },
};
const LEVEL: MetricDefinition<never> = { name: "level", type: "gauge", help: "The level.", labels: {} };
const TOOK: MetricDefinition<never> = {
  name: "took_seconds",
  type: "histogram",
  help: "Time.",
  labels: {},
  buckets: [0.1, 1],
};

function openMetrics({ patienceMs }: { readonly patienceMs?: number } = {}) {
  const failures: string[] = [];
  const metrics = new Metrics({
    definitions: [PULLS, LEVEL, TOOK],
    report: (error, source) => void failures.push(`${source}: ${error}`),
    ...(patienceMs !== undefined && { patienceMs }),
  });
  const scrape = async () => {
    const series = parseExposition((await metrics.page()).body);
    return series.filter(({ name }) => /^(pulls|level|took)/.test(name));
  };
  return { metrics, failures, scrape };
}

test("a tally is told with its labels, whatever is in them", async () => {
  const { metrics, scrape } = openMetrics();
  const kind = 'a "quoted" \\ name\nin two lines';
  const pulls = metrics.tally(PULLS);
  pulls.of({ kind }).add();
  pulls.of({ kind }).add(2);
  pulls.of({ kind: "other" }).add();
  const [first, second] = await scrape();
  assert.equal(first?.value, 3);
  assert.equal(
    first?.labels.kind,
    kind.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n"),
  );
  assert.deepEqual(second, { name: "pulls_total", labels: { kind: "other" }, value: 1 });
});

test("a distribution is told as a histogram, whose buckets include those below", async () => {
  const { metrics, scrape } = openMetrics();
  const took = metrics.distribution(TOOK).of({});
  for (const value of [0.05, 0.1, 0.5, 7]) took.observe(value);
  const told = (await scrape()).map(({ name, labels, value }) => [name, labels.le, value]);
  assert.deepEqual(told, [
    ["took_seconds_bucket", "0.1", 2],
    ["took_seconds_bucket", "1", 3],
    ["took_seconds_bucket", "+Inf", 4],
    ["took_seconds_sum", undefined, 7.65],
    ["took_seconds_count", undefined, 4],
  ]);
});

test("a source is asked at each scrape, and what it no longer tells is gone", async () => {
  const { metrics, scrape } = openMetrics();
  let level: number | undefined = 1;
  const stop = metrics.read("level", () => (level === undefined ? [] : [reading(LEVEL, {}, level)]));
  assert.equal((await scrape())[0]?.value, 1);
  level = 2;
  assert.equal((await scrape())[0]?.value, 2);
  level = undefined;
  assert.deepEqual(await scrape(), []);
  level = 3;
  stop();
  assert.deepEqual(await scrape(), [], "it is asked no more");
});

test("who scrapes while others do gets what they get", async () => {
  const { metrics, scrape } = openMetrics();
  let asked = 0;
  metrics.read("level", async () => [reading(LEVEL, {}, ++asked)]);
  const [one, other] = await Promise.all([scrape(), scrape()]);
  assert.deepEqual([one, other], [one, one]);
  assert.equal(asked, 1);
});

test("a source that fails is reported, and the others are told", async () => {
  const { metrics, failures, scrape } = openMetrics();
  metrics.tally(PULLS).of({ kind: "all" }).add();
  metrics.read("at once", () => {
    throw new Error("no disk");
  });
  metrics.read("later", () => Promise.reject(new Error("no table")));
  assert.deepEqual(await scrape(), [{ name: "pulls_total", labels: { kind: "all" }, value: 1 }]);
  assert.deepEqual(failures, ["at once: Error: no disk", "later: Error: no table"]);
});

test("a source that hangs holds up nobody, and is not asked again before it has answered", async () => {
  const { metrics, failures, scrape } = openMetrics({ patienceMs: 20 });
  const { promise, resolve } = Promise.withResolvers<readonly ReturnType<typeof reading>[]>();
  let asked = 0;
  metrics.read("disk", () => {
    asked += 1;
    return promise;
  });
  assert.deepEqual(await scrape(), []);
  assert.deepEqual(await scrape(), []);
  assert.equal(asked, 1);
  assert.deepEqual(failures, ["disk: Error: no answer within 20 ms"]);
  resolve([reading(LEVEL, {}, 5)]);
  const level = await eventually("the answer", async () => (await scrape())[0]?.value);
  assert.deepEqual([level, asked], [5, 2]);
});
