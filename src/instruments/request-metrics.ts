// Counts requests as distribution does: by what answers them, method and status.
import { HANDLERS } from "../../gateway/observer.ts";
import type { Distribution, Tally } from "../telemetry/accumulators.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { METRICS } from "./metric-table.ts";
import { isProbe } from "./probe.ts";
import type { Ending, Exchange, RequestSink } from "./request-watch.ts";

/** What is counted of requests that are alike. */
interface Alike {
  readonly requests: Tally;
  readonly seconds: Distribution;
  readonly requestBytes: Distribution;
  readonly responseBytes: Distribution;
}

/** As Prometheus' own instruments write them. */
const METHODS: ReadonlyMap<string, string> = new Map(
  ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"].map((method) => [
    method,
    method.toLowerCase(),
  ]),
);

/** Without a body unless they say otherwise. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE"]);

export function requestMetrics(metrics: Metrics): RequestSink {
  const inFlight = metrics.tally(METRICS.requestsInFlight);
  const alike = alikeOf(metrics);
  const levels: ReadonlyMap<string, Tally> = new Map(
    HANDLERS.map((handler) => [handler, inFlight.of({ handler })]),
  );
  return {
    routed: ({ notes: { handler } }) => {
      if (handler !== undefined) levels.get(handler)?.add();
    },
    ended: (exchange, ending) => {
      const { handler } = exchange.notes;
      if (handler !== undefined) levels.get(handler)?.add(-1);
      count(alike(exchange, ending), exchange, ending);
    },
  };
}

function count({ requests, seconds, ...sizes }: Alike, exchange: Exchange, ending: Ending): void {
  const { durationMs, isWhole } = ending;
  requests.add();
  seconds.observe(durationMs / 1000);
  const announced = requestSize(exchange);
  if (announced !== undefined) sizes.requestBytes.observe(announced);
  if (!isWhole) return; // Its head announced more than was sent.
  const { method } = exchange.request;
  const answered = method === "HEAD" ? 0 : exchange.notes.responseBytes;
  if (answered !== undefined) sizes.responseBytes.observe(answered);
}

/** Undefined: nobody knows before it has come. */
function requestSize({ request }: Exchange): number | undefined {
  const { headers, method = "" } = request;
  const length = headers["content-length"];
  if (length !== undefined) return Number(length);
  return headers["transfer-encoding"] === undefined && BODILESS.has(method) ? 0 : undefined;
}

/** Finds them by numbers and known words; what clients make up is "other". */
function alikeOf(metrics: Metrics): (exchange: Exchange, ending: Ending) => Alike {
  const families = {
    requests: metrics.tally(METRICS.requests),
    seconds: metrics.distribution(METRICS.requestSeconds),
    requestBytes: metrics.distribution(METRICS.requestBytes),
    responseBytes: metrics.distribution(METRICS.responseBytes),
  };
  const known = new Map<string, Map<string, Alike[]>>();
  return (exchange, { status }) => {
    const { request, notes } = exchange;
    const handler = notes.handler ?? (notes.rpc === undefined ? unroutedName(exchange) : "rpc");
    const method = METHODS.get(request.method ?? "") ?? "other";
    const byMethod = memo(known, handler, () => new Map<string, Alike[]>());
    const byStatus = memo(byMethod, method, () => []);
    const found = byStatus[status];
    if (found !== undefined) return found;
    const labels = { handler, method, code: String(status) };
    const made = {
      requests: families.requests.of(labels),
      seconds: families.seconds.of(labels),
      requestBytes: families.requestBytes.of(labels),
      responseBytes: families.responseBytes.of(labels),
    };
    byStatus[status] = made;
    return made;
  };
}

function unroutedName(exchange: Exchange): "health" | "other" {
  return isProbe(exchange) ? "health" : "other";
}

function memo<K, V>(values: Map<K, V>, key: K, make: () => V): V {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make();
  values.set(key, made);
  return made;
}
