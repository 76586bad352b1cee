// A client of the test's own that speaks TLS, from an address of its choice: all of 127.0.0.0/8 is this machine.

import type { IncomingHttpHeaders } from "node:http";
import { request as openRequest } from "node:https";
import { pipeline, Readable } from "node:stream";

export interface TlsClientOptions {
  /** "localhost:8443" */
  readonly host: string;
  /** The authority (PEM) of the server's certificate. */
  readonly ca: string;
  /** Where its connections come from. */
  readonly address: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TlsCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class TlsClient {
  readonly #options: TlsClientOptions;

  constructor(options: TlsClientOptions) {
    this.#options = options;
  }

  /** Each call has a connection of its own. */
  call({ method, path, headers = {}, body }: TlsCall): Promise<TlsAnswer> {
    const { host, ca, address, headers: always = {} } = this.#options;
    const [hostname, port] = host.split(":");
    const length = body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
    const options = {
      hostname,
      port,
      ca,
      localAddress: address,
      family: 4,
      agent: false,
      method,
      path,
      headers: { ...length, ...always, ...headers },
    } as const;
    return new Promise((resolve, reject) => {
      const outgoing = openRequest(options, (response) => {
        const chunks: Uint8Array[] = [];
        response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      outgoing.on("error", reject);
      if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
      else pipeline(Readable.from(body), outgoing, (error) => error && reject(error));
    });
  }

  /** Throws, with the answer, unless the status is this one. */
  async expect(status: number, call: TlsCall): Promise<TlsAnswer> {
    const answer = await this.call(call);
    if (answer.status === status) return answer;
    throw new Error(`${call.method} ${call.path} answered ${answer.status} ${answer.body}`);
  }
}
