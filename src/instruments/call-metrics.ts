// Counts RPCs by service, method and code, and among them what quotas refused.
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import type { Distribution, Tally } from "../telemetry/accumulators.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CallSink } from "./call-watch.ts";
import { METRICS } from "./metric-table.ts";

export function callMetrics(metrics: Metrics): CallSink {
  const calls = metrics.tally(METRICS.rpcCalls);
  const durations = metrics.distribution(METRICS.rpcSeconds);
  const levels = metrics.tally(METRICS.rpcsInFlight);
  const denied = metrics.tally(METRICS.quotaDenied);
  const units = { bytes: denied.of({ unit: "bytes" }), tags: denied.of({ unit: "tags" }) };
  return (method: DescMethod) => {
    const labels = { service: method.parent.typeName, method: method.name };
    const inFlight = levels.of({ service: labels.service });
    const succeeded = calls.of({ ...labels, code: "ok" });
    const failed: Tally[] = [];
    let seconds: Distribution | undefined; // only of methods that are called: there are many
    return {
      begun: () => inFlight.add(),
      ended: (code, durationMs, error) => {
        inFlight.add(-1);
        seconds ??= durations.of(labels);
        seconds.observe(durationMs / 1000);
        if (code === undefined) return succeeded.add();
        failed[code] ??= calls.of({ ...labels, code: codeToString(code) });
        failed[code].add();
        const unit = code === Code.PermissionDenied ? unitOf(error) : undefined;
        if (unit === "bytes" || unit === "tags") units[unit].add();
      },
    };
  };
}

/** What there was too much of; undefined: no quota was the reason. */
function unitOf(error: unknown): string | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  return error.findDetails(ErrorInfoSchema).find(({ metadata }) => "quota" in metadata)?.metadata.unit;
}
