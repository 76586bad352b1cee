// From values to what the tracer is made of.
import type { Values } from "./keys.ts";

export interface TracingConfig {
  readonly otlp: {
    /** With its path; without user and password. */
    readonly url: string;
    /** In lower case; those of user and password too. */
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
  };
  /** The share of requests that are traced, from 0 to 1. */
  readonly sampling: number;
  /** The most requests a second that are traced as part of it. 0: any number. */
  readonly rate: number;
  /** How many requests a second trusted callers can have traced. */
  readonly parentRate: number;
  readonly serviceName: string;
}

/** Undefined: nothing is traced. */
export function toTracingConfig(values: Values): TracingConfig | undefined {
  const endpoint = values["tracing.otlp.endpoint"];
  if (endpoint === undefined) return undefined;
  const { url, authorization } = endpoint;
  const given = Object.entries(values["tracing.otlp.headers"]);
  return {
    otlp: {
      url,
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value])),
      },
      timeoutMs: values["tracing.otlp.timeout"],
    },
    sampling: values["tracing.sampling"],
    rate: values["tracing.rate"],
    parentRate: values["tracing.parents.rate"],
    serviceName: values["tracing.servicename"],
  };
}
