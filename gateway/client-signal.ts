// Ties a call to its client: when the client leaves, the call is cancelled. Calls
// that stream need it, because nothing else tells the registry that nobody listens.
import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpResponse } from "./http-messages.ts";

/** Thrown where a client left before the exchange was complete. There is nobody to answer, and nothing to report. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";

  constructor(cause?: unknown) {
    super("the client closed the connection before the exchange was complete", { cause });
  }
}

/** Made once: making a reason costs more than a small blob. */
const CANCELLED = new ConnectError("the client left, or its request failed", Code.Canceled);

/**
 * Runs a call with a signal that aborts when the response is closed, at once or
 * after a delay in milliseconds, and when the call fails, so that nothing of it
 * stays open. A call that succeeds has read its stream to the end.
 */
export async function withClientSignal<T>(
  response: HttpResponse,
  call: (signal: AbortSignal) => Promise<T>,
  delayMs?: number,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(CANCELLED);
  let timer: NodeJS.Timeout | undefined;
  const onClose = () => {
    if (delayMs === undefined) abort();
    else timer = setTimeout(abort, delayMs);
  };
  response.once("close", onClose);
  try {
    return await call(controller.signal);
  } catch (error) {
    abort();
    throw error;
  } finally {
    response.off("close", onClose);
    clearTimeout(timer);
  }
}
