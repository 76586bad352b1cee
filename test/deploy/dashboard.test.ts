// The dashboard and the rules, asked of a Prometheus that watches a registry under load: every expression has a value, and
// names only metrics that Stowage has.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { stringify } from "yaml";
import { dashboard, ROWS } from "../../scripts/monitoring/dashboard.ts";
import { METRICS } from "../../src/instruments/metric-table.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/local-registry.ts";
import { lacking } from "../support/required-tools.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { LoadedRegistry } from "./loaded-registry.ts";
import { compared, namesIn, RULES, readDashboard, readRules } from "./monitored.ts";

const { panels, templating } = await readDashboard();
const { rules } = await readRules();

/** What everybody's Prometheus client has. */
const OF_THE_PROCESS = /^(?:process|nodejs)_/;

test("the dashboard is what scripts/monitoring makes", async () => {
  assert.deepEqual(await readDashboard(), dashboard(ROWS), 'run "npm run generate:monitoring"');
});

test("its panels do not cover each other, and use only variables that it has", () => {
  const taken = new Set<string>();
  for (const { title, gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(x < 24 && !taken.has(`${x},${y}`), title);
        taken.add(`${x},${y}`);
      }
  const known = new Set([...templating.list.map(({ name }) => name), "__rate_interval"]);
  for (const { expr } of expressions())
    for (const [, name = ""] of expr.matchAll(/\$(\w+)/g)) assert.ok(known.has(name), `${name} in ${expr}`);
});

test("every name in the dashboard and the rules is in the table of metrics, or recorded", () => {
  const recorded = rules.map(({ record }) => record);
  const all = [...expressions().map(({ expr }) => expr), ...rules.map(({ expr }) => expr)].flatMap(namesIn);
  assert.ok(all.length > 100, "names are found");
  for (const name of all) assert.ok(isMetric(name) || recorded.includes(name), name);
});

test("every metric is on the dashboard or in a rule", () => {
  const used = new Set(
    [...expressions().map(({ expr }) => expr), ...rules.map(({ expr }) => expr)].flatMap(namesIn),
  );
  const shown = (name: string) => ["", "_bucket", "_sum", "_count"].some((end) => used.has(name + end));
  const unused = Object.values(METRICS).filter(({ name }) => !shown(name));
  // Both are there for dashboards of others: the one is the same as stowage_webhook_lag_events, the other always 0.
  assert.deepEqual(unused.map(({ name }) => name).sort(), [
    "registry_notifications_pending_total",
    "registry_storage_cache_errors_total",
  ]);
});

suite("Prometheus", { skip: lacking("prometheus") }, () => {
  let directory: string;
  let url: string;
  let loaded: LoadedRegistry;
  let prometheus: ServerProcess;

  before(async () => {
    directory = await makeTemporaryDirectory();
    loaded = await LoadedRegistry.start(directory);
    url = `http://127.0.0.1:${await freePort()}`;
    const config = join(directory, "prometheus.yml");
    await writeFile(
      config,
      stringify({
        global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
        rule_files: [RULES],
        scrape_configs: [{ job_name: "stowage", static_configs: [{ targets: [loaded.debug] }] }],
      }),
    );
    prometheus = await ServerProcess.start({
      command: [
        ...["prometheus", `--config.file=${config}`, `--storage.tsdb.path=${join(directory, "tsdb")}`],
        ...[`--web.listen-address=${new URL(url).host}`, "--log.level=warn"],
      ],
      log: join(directory, "prometheus.log"),
      ready: async () => (await fetch(`${url}/-/ready`)).ok,
    });
  });
  after(async () => {
    await prometheus?.stop();
    await loaded?.[Symbol.asyncDispose]();
    await removeTemporaryDirectory(directory);
  });

  test("has a value for every expression of the dashboard", async () => {
    await haveValues(expressions().map(({ title, expr }) => [title, inGrafana(expr)]));
  });

  test("has a value for what every rule records and every alert compares", async () => {
    const all = rules.flatMap(({ alert, record, expr }) =>
      compared(expr).map((part): [string, string] => [alert ?? record ?? "", part]),
    );
    await haveValues(all);
  });

  test("can evaluate every rule", async () => {
    const groups = await eventually("all groups are evaluated", async () => {
      const { groups } = await ask<{ readonly groups: readonly Group[] }>("rules", {});
      return groups.every(({ rules }) => rules.every(({ health }) => health !== "unknown"))
        ? groups
        : undefined;
    });
    for (const { name, health, lastError } of groups.flatMap(({ rules }) => rules))
      assert.equal(health, "ok", `${name}: ${lastError}`);
  });

  /** All at a time: what is not there yet may come. */
  async function haveValues(asked: readonly (readonly [string, string])[]): Promise<void> {
    let empty: readonly string[] = [];
    const look = async () => {
      const answers = await Promise.all(
        asked.map(async ([title, query]) => {
          const { result } = await ask<{ readonly result: readonly unknown[] }>("query", { query });
          return result.length === 0 ? [`${title}: ${query}`] : [];
        }),
      );
      empty = answers.flat();
      return empty.length === 0 ? true : undefined;
    };
    await eventually("a value for every expression", look, () => `but for:\n${empty.join("\n")}`);
  }

  async function ask<T>(what: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(`${url}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await answer.json()) as Answer<T>;
    assert.equal(status, "success", `${parameters.query}: ${error}`);
    return data;
  }
});

interface Answer<T> {
  readonly status: string;
  readonly data: T;
  readonly error?: string;
}

interface Group {
  readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[];
}

function expressions(): readonly { readonly title: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}

/** As Grafana would ask, with everything chosen. */
function inGrafana(expr: string): string {
  return expr
    .replaceAll("$job", "stowage")
    .replaceAll("$instance", ".+")
    .replaceAll("$__rate_interval", "10s");
}

function isMetric(name: string): boolean {
  if (name === "up" || OF_THE_PROCESS.test(name)) return true;
  return Object.values(METRICS).some((metric) =>
    metric.type === "histogram"
      ? ["_bucket", "_sum", "_count"].some((end) => metric.name + end === name)
      : metric.name === name,
  );
}
