// Prints errors: OCI's JSON, always, or nothing where nobody listens any more.
// distribution-spec, Error Codes.
import { Code, ConnectError } from "@connectrpc/connect";
import { answer, JSON_TYPE } from "./answer.ts";
import { ClientGone } from "./client-signal.ts";
import { type Refusal, refusalOf } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { breakOff, isClosed, type ResponseHeaders } from "./http-messages.ts";

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

function print(exchange: Exchange, { status, headers, problems }: Refusal): void {
  const body = JSON.stringify({ errors: problems });
  answer(
    exchange,
    status,
    {
      "Content-Type": JSON_TYPE,
      "Content-Length": Buffer.byteLength(body),
      ...(status === 405 && allow(exchange)),
      ...headers,
    },
    body,
  );
}

/** What the path knows, without the method that was just refused. */
function allow({ allowed, method }: Exchange): ResponseHeaders {
  return { Allow: allowed.filter((name) => name !== method).join(", ") };
}

function report({ logger, method, request }: Exchange, refusal: Refusal): void {
  logger?.error({ err: refusal.cause, method, url: request.url, status: refusal.status }, "request failed");
}
