// The access log: one line for each request that has ended, in the form of the log and
// in the same place. It is on the way of every request, so it writes no line by parts.
import { shownTarget } from "../../gateway/shown-target.ts";
import type { Log } from "../telemetry/log.ts";
import type { FieldName } from "../telemetry/log-fields.ts";
import type { LineLevel } from "../telemetry/log-options.ts";
import { isProbe } from "./probe.ts";
import type { Ending, Exchange, RequestSink } from "./request-watch.ts";

/** In the order of a line. */
const ACCESS_LINE = [
  "requestId",
  "traceId",
  "method",
  "path",
  "status",
  "durationMs",
  "bytes",
  "aborted",
  "handler",
  "rpc",
  "code",
  "principal",
  "repository",
  "reference",
  "digest",
  "client",
  "userAgent",
  "host",
  "protocol",
] as const satisfies readonly FieldName[];

/** Tells of each request. */
export function accessLog(log: Log): RequestSink {
  const write = log.crowd("request", ACCESS_LINE, sketch);
  return {
    ended: (exchange, ending) => {
      const level = levelOf(exchange, ending);
      if (log.logger.isLevelEnabled(level)) write(level, valuesOf(exchange, ending));
    },
  };
}

/** That something is not there is an ordinary answer; that the registry failed is none. Probes are for who looks for everything. */
function levelOf(exchange: Exchange, { status }: Ending): LineLevel {
  if (status >= 500) return "warn";
  return exchange.notes.handler === undefined && isProbe(exchange) ? "debug" : "info";
}

function valuesOf({ request, url, caller, notes }: Exchange, { status, durationMs, isWhole }: Ending) {
  return [
    notes.id,
    notes.traceId,
    request.method,
    shown(url),
    status,
    Math.round(durationMs * 1000) / 1000,
    isWhole ? notes.responseBytes : undefined, // Nobody knows how much of it was sent.
    isWhole ? undefined : true,
    notes.handler,
    notes.rpc,
    notes.code,
    notes.who?.(),
    notes.repository,
    notes.reference,
    notes.digest,
    caller.address,
    caller.userAgent,
    caller.host,
    request.httpVersionMajor === 1 ? "1.1" : "2",
  ] as const;
}

/** The longest target that is shown, in characters. */
const MAX_PATH = 2048;

function shown(url: string): string {
  const target = shownTarget(url);
  return target.length > MAX_PATH ? target.slice(0, MAX_PATH) : target;
}

/** For people at a terminal: what they want to see of it. */
function sketch([
  ,
  ,
  method,
  path,
  status,
  durationMs,
  bytes,
  aborted,
  ,
  ,
  code,
  principal,
  ,
  ,
  ,
  client,
]: ReturnType<typeof valuesOf>): string {
  const size = bytes === undefined ? "" : `, ${bytes} bytes`;
  const failure = code === undefined ? "" : ` ${code}`;
  const end = aborted ? ", broken off" : "";
  return `${method} ${path} ${status}${failure} in ${Math.round(durationMs)} ms${size}${end} for ${principal ?? client ?? "somebody"}`;
}
