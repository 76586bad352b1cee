// A connection to one origin, kept alive between messages until either side ends it.
// It follows nothing, remembers no cookies and asks no proxy.
import { Client } from "undici";
import type { Answer } from "./answer.ts";

/** How much of an answer's body is read, in bytes, to keep the connection; longer ones cost it. */
const BODY_LIMIT = 64 * 1024;

export interface OutgoingRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

/** Serves one message at a time. */
export class Connection {
  readonly #client: Client;
  // Ends a socket that is still being connected; the client alone would wait for it. Every
  // socket remains known to the signal as long as that lives: there must not be many.
  readonly #life = new AbortController();
  #isOver = false;

  constructor(origin: string) {
    this.#client = new Client(origin, {
      allowH2: false,
      // Whoever posts limits the time of the whole attempt, and that alone.
      connectTimeout: 0,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { signal: this.#life.signal, timeout: 0 },
    });
    this.#client.once("disconnect", () => {
      this.#isOver = true;
    });
  }

  /** True: it has ended; make a new one. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Resolves when the body was read, too, or given up. Throws when there is no answer, or the signal aborts first; the
   * connection is of no use then.
   */
  async post({ url, headers, body, signal }: OutgoingRequest): Promise<Answer> {
    signal.throwIfAborted();
    const drop = () => void this.drop().catch(() => undefined);
    signal.addEventListener("abort", drop);
    try {
      const response = await this.#client.request({
        method: "POST",
        path: `${url.pathname}${url.search}`,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, copied(value)])),
        body,
      });
      // What comes of the body changes nothing: the status is the answer.
      await response.body.dump({ limit: BODY_LIMIT });
      return { status: response.statusCode, headers: response.headers };
    } finally {
      signal.removeEventListener("abort", drop);
    }
  }

  /** Breaks off whatever is going on. */
  async drop(): Promise<void> {
    this.#life.abort();
    await this.#client.destroy();
  }
}

function copied(value: string | readonly string[]): string | string[] {
  return typeof value === "string" ? value : [...value];
}
