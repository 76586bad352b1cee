// One HTTP/2 connection for many requests, whatever becomes of each.
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";

const LIMIT = 20_000;

export interface Http2Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** True: the answer may go on for ever, so that its head is enough. */
  readonly endless: boolean;
}

/** Undefined status: the stream was closed without an answer. */
export interface Http2Answer {
  readonly status: number | undefined;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class Http2Client {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Throws when there is neither an answer nor an end. */
  request({ method, path, headers, body, endless }: Http2Request): Promise<Http2Answer> {
    const stream = this.#open().request(
      { ":method": method, ":path": path, ...headers },
      { endStream: body.length === 0 },
    );
    const chunks: Uint8Array[] = [];
    let status: number | undefined;
    let trailers: IncomingHttpHeaders = {};
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${method} ${path}: no end`)), LIMIT);
      stream.on("response", (answer) => {
        status = answer[":status"];
        trailers = answer; // gRPC puts its status here when there is no body
        if (endless) setTimeout(() => stream.close(), 100);
      });
      stream.on("trailers", (headersAtTheEnd) => {
        trailers = headersAtTheEnd;
      });
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("error", () => {}); // a reset is an answer too
      stream.on("close", () => {
        clearTimeout(limit);
        resolve({ status, trailers, body: Buffer.concat(chunks) });
      });
      if (body.length > 0) stream.end(body);
    });
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(this.#url);
      this.#session.on("error", () => {}); // each stream hears of it
    }
    return this.#session;
  }
}
