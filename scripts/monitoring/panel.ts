// What rows of the dashboard are made of: panels, and the expressions in them. $job, $instance and $__rate_interval are
// Grafana's to fill in.

/** As Grafana calls them. */
export type Unit =
  | "short"
  | "reqps"
  | "percentunit"
  | "s"
  | "bytes"
  | "Bps"
  | "ops"
  | "none"
  | "dateTimeFromNow";

export interface Target {
  readonly expr: string;
  /** What a line is called: "{{handler}}". */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** One sentence, for whoever does not know what is shown. */
  readonly about: string;
  readonly kind: "stat" | "lines" | "stack";
  readonly unit: Unit;
  readonly targets: readonly Target[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const ON = 'job=~"$job",instance=~"$instance"';

/** A metric of the registries that are chosen, with more labels where they are asked for. */
export function of(name: string, labels = ""): string {
  return `${name}{${ON}${labels === "" ? "" : `,${labels}`}}`;
}

export function rate(
  name: string,
  { by, labels = "" }: { readonly by: string; readonly labels?: string },
): string {
  return `sum by (${by}) (rate(${of(name, labels)}[$__rate_interval]))`;
}

interface QuantileOptions {
  readonly by?: string;
  readonly labels?: string;
}

export function quantile(share: number, name: string, { by, labels = "" }: QuantileOptions = {}): string {
  const kept = by === undefined ? "le" : `${by}, le`;
  return `histogram_quantile(${share}, ${rate(`${name}_bucket`, { by: kept, labels })})`;
}

export function quantiles(name: string, options: QuantileOptions = {}): readonly Target[] {
  return [
    { expr: quantile(0.5, name, options), legend: "half" },
    { expr: quantile(0.95, name, options), legend: "95 of 100" },
    { expr: quantile(0.99, name, options), legend: "99 of 100" },
  ];
}

/** Panels of one kind. */
function panel(kind: Panel["kind"]) {
  return (title: string, unit: Unit, about: string, ...targets: readonly Target[]): Panel => ({
    title,
    about,
    kind,
    unit,
    targets,
  });
}

export const stat = panel("stat");
export const lines = panel("lines");
export const stack = panel("stack");

export const REQUESTS = "registry_http_requests_total";
export const SECONDS = "registry_http_request_duration_seconds";
/** Where nothing of a kind has happened yet. */
export const NO_SUCH = `0 * sum(rate(${of(REQUESTS)}[$__rate_interval]))`;
