// The metrics of one process object: prom-client's registry, filled with what
// accumulators hold and with what sources tell, both looked at only when somebody
// scrapes. There is no registry that everybody shares.
import { Registry } from "prom-client";
import { Distribution, Family, Tally } from "./accumulators.ts";
import { collectProcessMetrics } from "./process-metrics.ts";
import { metricOf, type Sample } from "./registry-metrics.ts";
import { type ReadSource, Source } from "./source.ts";

/** A metric as the table of all of them has it. */
export interface MetricDefinition<L extends string = string> {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence. */
  readonly help: string;
  /** Each label, and what its values are. */
  readonly labels: Readonly<Record<L, string>>;
  /** Of a histogram: the bounds, ascending. */
  readonly buckets?: readonly number[];
}

/** A value for each label. */
export type LabelsOf<L extends string> = Readonly<Record<L, string>>;

/** What a metric is now. */
export interface Reading extends Sample {
  readonly metric: MetricDefinition;
}

export function reading<L extends string>(
  metric: MetricDefinition<L>,
  labels: LabelsOf<L>,
  value: number,
): Reading {
  return { metric, labels, value };
}

/** What is answered to a scrape. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

export interface MetricsOptions {
  /** Every metric there is; one that is nowhere counted or read has no values. */
  readonly definitions: readonly MetricDefinition[];
  /** Told of sources that fail; their metrics have no values then. */
  readonly report: (error: unknown, source: string) => void;
  /** How long a scrape waits for a source, in milliseconds. Absent: two seconds. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 2000;

export class Metrics {
  readonly #registry = new Registry();
  readonly #options: MetricsOptions;
  /** By the metric's name. */
  readonly #families = new Map<string, () => readonly Sample[]>();
  readonly #sources = new Set<Source<Reading>>();
  #readings = new Map<string, Reading[]>();
  #page: Promise<MetricsPage> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    collectProcessMetrics(this.#registry);
    for (const definition of options.definitions) {
      const { name } = definition;
      metricOf(
        definition,
        this.#registry,
        () => this.#families.get(name)?.() ?? this.#readings.get(name) ?? [],
      );
    }
  }

  /** What counts for this metric, which is a counter, or a gauge that goes up and down. */
  tally<L extends string>(metric: MetricDefinition<L>): Family<LabelsOf<L>, Tally> {
    const family = new Family<LabelsOf<L>, Tally>(() => new Tally());
    this.#families.set(metric.name, () =>
      [...family.members].map(({ labels, accumulator }) => ({ labels, value: accumulator.value })),
    );
    return family;
  }

  /** What observes for this metric, which is a histogram. */
  distribution<L extends string>(metric: MetricDefinition<L>): Family<LabelsOf<L>, Distribution> {
    const { name, buckets = [] } = metric;
    const family = new Family<LabelsOf<L>, Distribution>(() => new Distribution(buckets));
    this.#families.set(name, () =>
      [...family.members].flatMap(({ labels, accumulator }) => samplesOf(name, labels, accumulator)),
    );
    return family;
  }

  /**
   * Asks the source at each scrape. It does bounded work. The name is for the report of its failures. Returns how to stop.
   */
  read(name: string, read: ReadSource<Reading>): () => void {
    const source = new Source(name, read);
    this.#sources.add(source);
    return () => void this.#sources.delete(source);
  }

  /** All there is to tell now. Who asks while others wait for it gets the same. */
  page(): Promise<MetricsPage> {
    this.#page ??= this.#render().finally(() => {
      this.#page = undefined;
    });
    return this.#page;
  }

  async #render(): Promise<MetricsPage> {
    const { patienceMs = PATIENCE_MS, report } = this.#options;
    const answers = await Promise.all([...this.#sources].map((source) => source.ask(patienceMs, report)));
    this.#readings = Map.groupBy(answers.flat(), ({ metric }) => metric.name);
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

function samplesOf(name: string, labels: LabelsOf<string>, { bounds, counts, sum }: Distribution): Sample[] {
  let count = 0;
  const buckets = Array.from(counts, (added, place): Sample => {
    count += added;
    const le = bounds[place] ?? "+Inf";
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(le) }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
