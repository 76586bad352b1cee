// Posts messages to one URL: one attempt each, whose every part (connecting, sending,
// redirects, the answer) has to be done within one time.
import { type Answer, retryAfterMs } from "./answer.ts";
import { AttemptLimit } from "./attempt-limit.ts";
import { Connection, type OutgoingRequest } from "./connection.ts";
import { failureWords } from "./failure-words.ts";
import type { OutgoingMessage } from "./message.ts";
import { configuredHeaders, type HeaderFields } from "./post-headers.ts";
import { redirectTarget } from "./redirect.ts";
import { safeUrl } from "./safe-url.ts";

export interface PosterOptions {
  /** http or https. User info in it is sent as Basic credentials. */
  readonly url: string;
  /** Added to every POST, in the place of ours of the same name; sent only to the URL's own origin. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** How long an attempt may take. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** The time in milliseconds since 1970, for answers that name a date. */
  readonly now?: () => number;
}

export interface PostOptions {
  /** The message's own, such as its signature; they win over configured ones and are sent wherever it goes. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the attempt. */
  readonly signal?: AbortSignal;
}

/**
 * "answered": the status of the last answer, and for how long it asks to be left alone. "failed": there was none, or
 * it led nowhere; `error` says why in words, without secrets.
 */
export type PostResult =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "failed"; readonly error: string };

export class Poster {
  readonly #options: PosterOptions;
  readonly #url: URL;
  readonly #configured: HeaderFields;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;

  /** Throws for what is no http or https URL. */
  constructor(options: PosterOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    if (!/^https?:$/.test(this.#url.protocol)) throw new TypeError(`cannot post to ${safeUrl(this.#url)}`);
    this.#configured = configuredHeaders(this.#url, options.headers);
  }

  /** Makes one attempt. Never throws. */
  async post(message: OutgoingMessage, { headers, signal }: PostOptions): Promise<PostResult> {
    const { timeoutMs, now = Date.now } = this.#options;
    const stops = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    using limit = new AttemptLimit(timeoutMs, stops);
    try {
      const answer = await this.#deliver(message, { headers, signal: limit.signal });
      const wait = retryAfterMs(answer, now());
      return { kind: "answered", status: answer.status, ...(wait !== undefined && { retryAfterMs: wait }) };
    } catch (error) {
      if (limit.ended === "late") return { kind: "failed", error: `no answer within ${timeoutMs} ms` };
      if (limit.ended === "stopped") return { kind: "failed", error: "stopped before there was an answer" };
      return { kind: "failed", error: failureWords(error) };
    }
  }

  /** Breaks off attempts that are under way and gives the connection back. */
  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.drop();
  }

  /** Follows redirects. A stranger, and whoever comes after one, gets none of the configured headers. */
  async #deliver(message: OutgoingMessage, options: Required<PostOptions>): Promise<Answer> {
    const body = Buffer.from(message.body);
    const { signal } = options;
    const own = { "content-type": message.contentType, "user-agent": this.#options.userAgent };
    const visited: URL[] = [];
    let trusted = true;
    for (let url: URL | undefined = this.#url; ; ) {
      visited.push(url);
      trusted &&= url.origin === this.#url.origin;
      const headers = { ...own, ...(trusted && this.#configured), ...options.headers };
      const answer = await this.#send({ url, headers, body, signal });
      url = redirectTarget(visited, answer);
      if (url === undefined) return answer;
    }
  }

  /** The URL's own origin keeps its connection while all goes well; two attempts at once have one each. */
  async #send(request: OutgoingRequest): Promise<Answer> {
    const { origin } = request.url;
    const connection = this.#take(origin) ?? new Connection(origin);
    let keep = false;
    try {
      const answer = await connection.post(request);
      keep = !request.signal.aborted && origin === this.#url.origin && this.#connection === undefined;
      return answer;
    } finally {
      if (keep) this.#connection = connection;
      else await connection.drop();
    }
  }

  #take(origin: string): Connection | undefined {
    if (origin !== this.#url.origin) return undefined;
    const connection = this.#connection;
    this.#connection = undefined;
    return connection?.isOver === true ? undefined : connection;
  }
}
