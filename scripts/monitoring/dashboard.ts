// The dashboard as Grafana reads it, made of its rows.
import { CONTENT_ROWS } from "./content-rows.ts";
import type { Panel, Row } from "./panel.ts";
import { REQUEST_ROWS } from "./request-rows.ts";

export const ROWS: readonly Row[] = [...REQUEST_ROWS, ...CONTENT_ROWS];

/** Grafana's grid. */
const WIDTH = 24;
const HEIGHT = 8;
const STAT_HEIGHT = 5;
const PANELS_A_ROW = 3;

const SOURCE = { type: "prometheus", uid: "$datasource" } as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The document, as Grafana imports and exports it. */
export function dashboard(rows: readonly Row[]): object {
  const panels: object[] = [];
  let y = 0;
  const newId = () => panels.length + 1;
  for (const { title, panels: members } of rows) {
    panels.push({
      id: newId(),
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    });
    y += 1;
    for (const line of linesOf(members)) {
      const [w, h] = [
        Math.floor(WIDTH / line.length),
        line.every(({ kind }) => kind === "stat") ? STAT_HEIGHT : HEIGHT,
      ];
      line.forEach((panel, place) => {
        panels.push({ id: newId(), ...panelDocument(panel, { x: place * w, y, w, h }) });
      });
      y += h;
    }
  }
  return {
    uid: "stowage",
    title: "Stowage",
    description: "A container registry.",
    tags: ["stowage", "registry"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    timezone: "browser",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: { list: VARIABLES },
    annotations: { list: [] },
    links: [],
    panels,
  };
}

/** Six small ones beside each other, three large ones. */
function linesOf(panels: readonly Panel[]): readonly (readonly Panel[])[] {
  if (panels.every(({ kind }) => kind === "stat")) return [panels];
  const count = Math.ceil(panels.length / PANELS_A_ROW);
  return Array.from({ length: count }, (_, line) =>
    panels.slice(line * PANELS_A_ROW, (line + 1) * PANELS_A_ROW),
  );
}

function panelDocument({ title, about, kind, unit, targets }: Panel, gridPos: Place): object {
  return {
    type: kind === "stat" ? "stat" : "timeseries",
    title,
    description: about,
    datasource: SOURCE,
    gridPos,
    fieldConfig: {
      defaults: { unit, min: 0, ...(kind !== "stat" && { custom: drawing(kind) }) },
      overrides: [],
    },
    options: kind === "stat" ? STAT_OPTIONS : LINES_OPTIONS,
    targets: targets.map(({ expr, legend }, place) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + place),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      ...(kind === "stat" && { instant: true }),
    })),
  };
}

function drawing(kind: "lines" | "stack"): object {
  const isStack = kind === "stack";
  return {
    fillOpacity: isStack ? 30 : 0,
    showPoints: "never",
    stacking: { mode: isStack ? "normal" : "none" },
  };
}

const STAT_OPTIONS = {
  colorMode: "value",
  graphMode: "none",
  textMode: "auto",
  reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
};
const LINES_OPTIONS = {
  legend: { displayMode: "list", placement: "bottom", showLegend: true },
  tooltip: { mode: "multi", sort: "desc" },
};

const VARIABLES = [
  { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" },
  variable("job", "label_values(stowage_build_info, job)"),
  variable("instance", 'label_values(stowage_build_info{job=~"$job"}, instance)'),
];

function variable(name: string, query: string): object {
  return {
    name,
    label: name === "job" ? "Job" : "Instance",
    type: "query",
    datasource: SOURCE,
    query: { query, refId: name },
    refresh: 2,
    includeAll: true,
    multi: true,
    current: { text: "All", value: "$__all" },
  };
}
