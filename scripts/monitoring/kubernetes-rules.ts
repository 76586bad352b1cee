// The rules of deploy/prometheus as the Prometheus operator reads them.
import { parse, stringify } from "yaml";

/** The manifest, made of the text of the rules. */
export function kubernetesRules(text: string): string {
  const manifest = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "stowage", labels: { "app.kubernetes.io/name": "stowage" } },
    spec: parse(text),
  };
  const comment =
    '# Made of deploy/prometheus/stowage.rules.yml by "node scripts/generate-monitoring.ts"; change that.\n';
  return comment + stringify(manifest, { lineWidth: 0 });
}
