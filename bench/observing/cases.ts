// What an operator can have watched in `npm run bench:observing`: the sections of a
// registry's configuration that say so.
import { freePort } from "../child.ts";
import type { Contender } from "../verdict.ts";

export interface Case extends Contender {
  /** The sections; `collector` is where traces go. */
  readonly sections: (collector: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** Which case the others are compared with. */
export const BASELINE = "off";

const GOAL = 0.9;

const QUIET = { level: "error", accesslog: { disabled: true } };
const LOG = { level: "info", formatter: "json" };

export const CASES: readonly Case[] = [
  { name: BASELINE, title: "nothing is watched", sections: async () => ({ log: QUIET }) },
  { name: "again", title: "the same once more: what chance does", sections: async () => ({ log: QUIET }) },
  { name: "log", title: "access log, JSON, into a file", sections: async () => ({ log: LOG }) },
  { name: "metrics", title: "metrics", sections: async () => ({ log: QUIET, debug: await metrics() }) },
  {
    name: "traces",
    title: "traces, the default share",
    sections: async (collector) => ({ log: QUIET, tracing: traces(collector) }),
  },
  {
    name: "all",
    title: "log, metrics and traces, the default share",
    sections: async (collector) => ({ log: LOG, debug: await metrics(), tracing: traces(collector) }),
    goal: GOAL,
  },
  {
    name: "every-trace",
    title: "log, metrics, and every request traced",
    sections: async (collector) => ({
      log: LOG,
      debug: await metrics(),
      tracing: { ...traces(collector), sampling: 1 },
    }),
  },
];

/** A part of the section `http`. */
async function metrics(): Promise<object> {
  return { addr: `127.0.0.1:${await freePort()}`, prometheus: { enabled: true } };
}

function traces(endpoint: string) {
  return { otlp: { endpoint } };
}
