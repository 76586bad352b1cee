// Whether the registry behind a gateway is there and ready: without it every answer of
// the gateway would be 503.
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { HealthCheck } from "../telemetry/health.ts";

/** As the gateway's own load balancers would ask it. */
const PACE = { intervalMs: 5000, timeoutMs: 5000, threshold: 2 } as const;

/** Somebody is there who does not tell whether it is ready, as an intermediary may that passes on only our own services. */
const SILENT: ReadonlySet<Code> = new Set([Code.Unimplemented, Code.Unauthenticated, Code.PermissionDenied]);

/** Asks as nobody in particular: health is open. */
export function upstreamCheck(transport: Transport): HealthCheck {
  const health = createClient(Health, transport);
  const check = async (signal: AbortSignal) => {
    const status = await health.check({}, { signal }).then(
      (answer) => answer.status,
      (error: unknown) => {
        const { code, rawMessage } = ConnectError.from(error);
        if (SILENT.has(code)) return ServingStatus.SERVING;
        throw new Error(`the registry does not answer: ${rawMessage}`);
      },
    );
    if (status !== ServingStatus.SERVING) throw new Error("the registry answers that it is not ready");
  };
  return { name: "upstream", check, ...PACE };
}
