// The body of a response, chunk by chunk, as fast as the client takes it. A
// chunk's memory belongs to whoever produced it and is filled again after the
// next one is asked for, so each chunk is waited for until the socket has it.
import { ClientGone } from "./client-signal.ts";
import { breakOff, type HttpRequest, type HttpResponse } from "./http-messages.ts";

/** Writes one response's body. A client that takes nothing for too long is cut off. */
export class ResponseBody {
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  /** Set while a chunk is on its way. */
  #reject: ((error: Error) => void) | undefined;
  #gone = false;

  constructor(request: HttpRequest, response: HttpResponse, timeoutMs: number) {
    this.#request = request;
    this.#response = response;
    response.on("close", this.#onClose);
    response.setTimeout(timeoutMs, this.#onStill);
  }

  /** Resolves when the chunk's memory may be used again. Throws ClientGone. */
  write(chunk: Uint8Array | string): Promise<void> {
    return this.#send((settled) => this.#response.write(chunk, settled));
  }

  /** Writes the last chunk and ends the response. */
  end(chunk: Uint8Array | string): Promise<void> {
    return this.#send((settled) => this.#response.end(chunk, settled));
  }

  /** Stops watching the client. */
  release(): void {
    this.#response.off("close", this.#onClose).off("timeout", this.#onStill);
  }

  #send(give: (settled: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#gone) {
        reject(new ClientGone());
        return;
      }
      this.#reject = reject;
      give((error) => {
        this.#reject = undefined;
        if (error) reject(new ClientGone(error));
        else resolve();
      });
    });
  }

  readonly #onClose = (): void => {
    this.#gone = true;
    this.#reject?.(new ClientGone());
  };

  /** While no chunk is on its way it is the registry that is slow, not the client. */
  readonly #onStill = (): void => {
    if (this.#reject !== undefined) breakOff(this.#request, this.#response);
  };
}
