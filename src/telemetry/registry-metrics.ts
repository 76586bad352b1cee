// Metrics of prom-client whose values are asked for when they are printed.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { MetricDefinition } from "./metrics.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Absent: the metric's own. */
  readonly metricName?: string;
}

type Read = () => readonly Sample[];

/** Registers the metric. */
export function metricOf(definition: MetricDefinition, registry: Registry, read: Read): void {
  const { name, help, type } = definition;
  const common = { name, help, labelNames: Object.keys(definition.labels), registers: [registry] };
  if (type === "counter") new ReadCounter(common, read);
  else if (type === "gauge") new ReadGauge(common, read);
  else new ReadHistogram(common, definition, read);
}

type Configuration = Pick<ConstructorParameters<typeof Counter>[0], "name" | "help"> & {
  readonly labelNames: string[];
  readonly registers: Registry[];
};

class ReadCounter extends Counter {
  readonly #read: Read;

  constructor(configuration: Configuration, read: Read) {
    super(configuration);
    this.#read = read;
  }

  override async get() {
    return { ...(await super.get()), values: [...this.#read()] };
  }
}

class ReadGauge extends Gauge {
  readonly #read: Read;

  constructor(configuration: Configuration, read: Read) {
    super(configuration);
    this.#read = read;
  }

  override async get() {
    return { ...(await super.get()), values: [...this.#read()] };
  }
}

/** Printed by what `getForPromString` says, which the package's types leave out. */
class ReadHistogram extends Histogram {
  readonly #definition: MetricDefinition;
  readonly #read: Read;

  constructor(configuration: Configuration, definition: MetricDefinition, read: Read) {
    super(configuration);
    this.#definition = definition;
    this.#read = read;
  }

  async getForPromString() {
    const { name, help, type } = this.#definition;
    return { name, help, type, values: this.#read() };
  }
}
