// Writes what deploy/ has twice: the dashboard from scripts/monitoring, and the rules as the Prometheus
// operator wants them from deploy/prometheus/stowage.rules.yml.
import { readFile, writeFile } from "node:fs/promises";
import { dashboard, ROWS } from "./monitoring/dashboard.ts";
import { kubernetesRules } from "./monitoring/kubernetes-rules.ts";

const DEPLOY = new URL("../deploy/", import.meta.url);

const rules = await readFile(new URL("prometheus/stowage.rules.yml", DEPLOY), "utf8");
await writeFile(new URL("kubernetes/monitoring/prometheusrule.yaml", DEPLOY), kubernetesRules(rules));
await writeFile(
  new URL("grafana/stowage.json", DEPLOY),
  `${JSON.stringify(dashboard(ROWS), undefined, 2)}\n`,
);
