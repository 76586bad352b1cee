// The rules for Prometheus: promtool finds them right, each alert fires when it should and not when it only comes close,
// and every alert has its words on the page for operators.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { kubernetesRules } from "../../scripts/monitoring/kubernetes-rules.ts";
import { lacking } from "../support/required-tools.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { ALERT_CASES, type AlertCase } from "./alert-cases.ts";
import { RULES, readRules } from "./monitored.ts";

const WHO = 'job="stowage",instance="registry:5001"';

test("every alert has a case, a severity and words, and every recorded name is used", async () => {
  const { rules } = await readRules();
  const alerts = rules.filter(({ alert }) => alert !== undefined);
  assert.deepEqual(ALERT_CASES.map(({ alert }) => alert).sort(), alerts.map(({ alert }) => alert).sort());
  for (const { labels, annotations } of alerts) {
    assert.match(labels?.severity ?? "", /^(?:critical|warning|info)$/);
    assert.deepEqual(Object.keys(annotations ?? {}), ["summary", "description"]);
  }
  for (const { record } of rules)
    assert.ok(record === undefined || rules.some(({ expr }) => expr.includes(record)), record);
});

test("what Kubernetes gets is made of them", async () => {
  const file = new URL("../../deploy/kubernetes/monitoring/prometheusrule.yaml", import.meta.url);
  const expected = kubernetesRules(await readFile(RULES, "utf8"));
  assert.equal(await readFile(file, "utf8"), expected, 'run "npm run generate:monitoring"');
});

suite("promtool", { skip: lacking("promtool") }, () => {
  test("finds nothing wrong with the rules and the example", async () => {
    await run(["promtool", "check", "rules", RULES]);
    const example = fileURLToPath(new URL("../../deploy/prometheus/prometheus.example.yml", import.meta.url));
    await run(["promtool", "check", "config", example]);
  });

  test("sees each alert fire when it should, and only then", async () => {
    const directory = await makeTemporaryDirectory();
    const file = join(directory, "tests.yml");
    const tests = ALERT_CASES.flatMap((one) => [firing(one, 1), firing(one, 0)]);
    try {
      await writeFile(file, stringify({ rule_files: [RULES], evaluation_interval: "1m", tests }));
      await run(["promtool", "test", "rules", file]);
    } finally {
      await removeTemporaryDirectory(directory);
    }
  });
});

/** A unit test of promtool: so many alerts fire. */
function firing({ alert, fires, quiet, at = "30m" }: AlertCase, count: 0 | 1): object {
  const series = Object.entries(count === 1 ? fires : quiet);
  return {
    name: `${alert} ${count === 1 ? "fires" : "is quiet"}`,
    interval: "1m",
    input_series: series.map(([name, values]) => ({ series: ofRegistry(name), values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
        eval_time: at,
        exp_samples: count === 1 ? [{ labels: "{}", value: 1 }] : [],
      },
    ],
  };
}

function ofRegistry(name: string): string {
  return name.includes("{") ? name.replace("{", `{${WHO},`) : `${name}{${WHO}}`;
}
