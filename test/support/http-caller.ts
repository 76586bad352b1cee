// HTTP calls with everything in the test's hand: raw paths, any header, a body that comes as slowly as it likes.
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { pipeline, Readable } from "node:stream";
import { errorCodes } from "./oci-errors.ts";

/** One request. */
export interface Call {
  readonly method: string;
  /** As it goes over the wire, query included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes are sent with their length, anything else without. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** One answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The connection broke before the answer was whole: nobody knows what the request did. */
export class LostConnection extends Error {
  override readonly name = "LostConnection";
}

/** The registry answered that it cannot do it now, with one of the statuses that the caller was prepared for. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** A client with connections that are kept. */
export class HttpCaller {
  readonly host: string;
  readonly #agent: Agent;
  readonly #refusals: readonly number[];

  /** `refusals`: statuses for which expect throws Refused. `localAddress`: where it calls from. */
  constructor(host: string, refusals: readonly number[] = [], localAddress?: string) {
    this.host = host;
    this.#agent = new Agent({ keepAlive: true, ...(localAddress !== undefined && { localAddress }) });
    this.#refusals = refusals;
  }

  /** Throws LostConnection. */
  async call(call: Call): Promise<Answer> {
    try {
      const response = await this.open(call);
      const chunks: Uint8Array[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
    } catch (cause) {
      throw new LostConnection(`${call.method} ${call.path}`, { cause });
    }
  }

  /** Calls and throws, with the answer, unless the status is one of these. */
  async expect(statuses: readonly number[], call: Call): Promise<Answer> {
    const answer = await this.call(call);
    if (statuses.includes(answer.status)) return answer;
    const message = `${call.method} ${call.path} answered ${answer.status} ${answer.body}`;
    throw this.#refusals.includes(answer.status) ? refused(answer, message) : new Error(message);
  }

  /** The answer with its body unread. */
  open({ method, path, headers = {}, body }: Call): Promise<IncomingMessage> {
    const [hostname, port] = this.host.split(":");
    const length = body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        hostname,
        port,
        method,
        path,
        headers: { ...length, ...headers },
      };
      const outgoing = request(options, resolve);
      outgoing.on("error", reject);
      if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
      else pipeline(Readable.from(body), outgoing, () => {}); // a failure is the request's "error" too
    });
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** A refusal must say why, in OCI's form. */
function refused({ body }: Answer, message: string): Error {
  try {
    return errorCodes(body).length > 0 ? new Refused(message) : new Error(message);
  } catch (cause) {
    return new Error(message, { cause });
  }
}
