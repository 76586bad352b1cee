// docs/metrics.md is made from the table of metrics, and the table is fit to be read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { METRICS_PAGE, renderMetricsPage } from "../../scripts/generate-metrics-page.ts";
import { METRICS } from "../../src/instruments/metric-table.ts";
import type { MetricDefinition } from "../../src/telemetry/metrics.ts";

const definitions: readonly MetricDefinition[] = Object.values(METRICS);

test("docs/metrics.md is what the table of metrics says (npm run generate:metrics)", async () => {
  assert.equal(readFileSync(METRICS_PAGE, "utf8"), await renderMetricsPage());
});

test("every metric has a name of its own and explains itself in whole sentences", () => {
  assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length);
  for (const { name, help } of definitions) assert.match(help, /^[A-Z1].*\.$/, name);
});

test("exactly histograms have buckets, and they ascend", () => {
  for (const { name, type, buckets } of definitions) {
    assert.equal(buckets !== undefined, type === "histogram", name);
    assert.deepEqual(
      buckets,
      buckets?.toSorted((one, other) => one - other),
      name,
    );
  }
});

test("no label could name a repository, a tag or a person", () => {
  const labels = new Set(definitions.flatMap((definition) => Object.keys(definition.labels)));
  const known = ["handler", "method", "code", "driver", "action", "type", "endpoint", "version", "commit"];
  const others = ["node", "check", "reason", "service", "kind", "unit"];
  assert.deepEqual([...labels].toSorted(), [...known, ...others].toSorted());
});
