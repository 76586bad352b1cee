// Prints errors: OCI's JSON, always, or nothing where nobody listens any more.
// distribution-spec, Error Codes.
import { Code, ConnectError } from "@connectrpc/connect";
import { isReadOnlyError } from "../src/oci/read-only.ts";
import { answer, JSON_TYPE } from "./answer.ts";
import { ClientGone } from "./client-signal.ts";
import { type Refusal, refusalOf, unreachableReason } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { breakOff, isClosed, type ResponseHeaders } from "./http-messages.ts";
import { shownTarget } from "./shown-target.ts";

/** Logged, with the reason, when the registry behind the gateway did not answer. A fleet may want to hear it less often. */
export const UNREACHABLE_MESSAGE = "the registry cannot be reached";

/** Ends the exchange with the error that its handler threw. */
export function refuse(exchange: Exchange, error: unknown): void {
  const { request, response } = exchange;
  if (isClosed(request, response)) return;
  if (isClientsDoing(error)) {
    breakOff(request, response);
    return;
  }
  const refusal = refusalOf(error);
  if (refusal.status >= 500) report(exchange, refusal);
  if (response.headersSent) breakOff(request, response);
  else print(exchange, refusal);
}

function isClientsDoing(error: unknown): boolean {
  return error instanceof ClientGone || (error instanceof ConnectError && error.code === Code.Canceled);
}

function print(exchange: Exchange, refusal: Refusal): void {
  const { status, headers, problems } = refusal;
  const body = JSON.stringify(refusal.body ?? { errors: problems });
  answer(
    exchange,
    status,
    {
      "Content-Type": JSON_TYPE,
      "Content-Length": Buffer.byteLength(body),
      ...(status === 405 && allow(exchange, refusal)),
      ...headers,
    },
    body,
  );
}

/** What the path knows, without the method that was just refused; of a registry that only reads, what reads. */
function allow({ allowed, method }: Exchange, { problems: [problem] }: Refusal): ResponseHeaders {
  const isAllowed = isReadOnlyError(problem?.detail)
    ? (name: string) => SAFE.has(name)
    : (name: string) => name !== method;
  return { Allow: allowed.filter(isAllowed).join(", ") };
}

/** RFC 9110, 9.2.1. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

function report({ logger, method, request }: Exchange, { cause, status }: Refusal): void {
  const reason = unreachableReason(cause);
  const about = { method, url: shownTarget(request.url ?? ""), status };
  if (reason === undefined) logger?.error({ err: cause, ...about }, "request failed");
  else logger?.error({ reason, ...about }, UNREACHABLE_MESSAGE);
}
