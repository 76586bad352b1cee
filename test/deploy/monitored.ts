// What deploy/ asks Prometheus: the expressions of the rules and of the dashboard.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const RULES = fileURLToPath(new URL("../../deploy/prometheus/stowage.rules.yml", import.meta.url));
const DASHBOARD = new URL("../../deploy/grafana/stowage.json", import.meta.url);

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All rules, in their order. */
export async function readRules(): Promise<{ readonly rules: readonly Rule[] }> {
  const { groups }: { groups: { rules: Rule[] }[] } = parse(await readFile(RULES, "utf8"));
  return { rules: groups.flatMap(({ rules }) => rules) };
}

export interface DashboardPanel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(DASHBOARD, "utf8"));
}

/** What an alert's expression compares, each side of an "and" by itself: there is a value also when all is well. */
export function compared(expr: string): readonly string[] {
  return expr.split(/ and on \([\w, ]+\) /).map((part) => part.replace(/ (?:[<>]=?|==) [\d. *]+$/, ""));
}

/** The names of metrics in an expression, and of what rules record. */
export function namesIn(expr: string): readonly string[] {
  const bare = expr.replace(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|on) \([^)]*\)/g, " ");
  return [...bare.matchAll(/[a-z_][\w:]*(?!\w*\()/g)]
    .map(([name]) => name)
    .filter((name) => name.includes("_") && !FUNCTIONS.has(name));
}

const FUNCTIONS: ReadonlySet<string> = new Set(["histogram_quantile", "predict_linear"]);
