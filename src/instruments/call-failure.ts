// How a span says that a call failed. OpenTelemetry's semantic conventions for
// Connect RPC: what a client did wrong is no failure of the service.
import { Code } from "@connectrpc/connect";
import type { Span } from "../telemetry/scope.ts";

const FAILURES: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** Writes into the span of a call how it failed. */
export function noteFailure(span: Span, code: Code, error: unknown): void {
  span.set({ "rpc.connect_rpc.error_code": codeName(code) });
  if (FAILURES.has(code)) span.fail(error);
}

/** "not_found", as Connect writes it. */
export function codeName(code: Code): string {
  return Code[code].replaceAll(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
