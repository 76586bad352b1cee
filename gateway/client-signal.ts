// Ties a call to its client: when the client leaves, the call is cancelled. Calls
// that stream need it, because nothing else tells the registry that nobody listens.
import type { HttpResponse } from "./http-messages.ts";

/** Thrown where a client left before the exchange was complete. There is nobody to answer, and nothing to report. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";

  constructor(cause?: unknown) {
    super("the client closed the connection before the exchange was complete", { cause });
  }
}

/**
 * Runs a call with a signal that aborts when the response is closed: at once, or
 * after a delay in milliseconds. It aborts after the call too, which ends what
 * the call left open, such as a stream that was not read to its end.
 */
export async function withClientSignal<T>(
  response: HttpResponse,
  call: (signal: AbortSignal) => Promise<T>,
  delayMs?: number,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let timer: NodeJS.Timeout | undefined;
  const onClose = () => {
    if (delayMs === undefined) abort();
    else timer = setTimeout(abort, delayMs);
  };
  response.once("close", onClose);
  try {
    return await call(controller.signal);
  } finally {
    response.off("close", onClose);
    clearTimeout(timer);
    abort();
  }
}
