// Who watches requests: told of each before anything is done with it.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export interface RequestObserver {
  /** Calls `proceed` once, before it returns: that begins to answer the request. Must not throw. */
  observe(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    proceed: () => void,
  ): void;
}
