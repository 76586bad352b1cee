// A subscriber that costs next to nothing, so that a test can have a thousand of them in its own process: it speaks
// Connect's streaming protocol by hand, over HTTP/1.1 or HTTP/2.
import type { Agent } from "node:http";
import { request } from "node:http";
import type { ClientHttp2Session } from "node:http2";
import type { Readable } from "node:stream";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";

const PATH = `/${EventService.typeName}/Subscribe`;
const HEADERS = { "content-type": "application/connect+json", "connect-protocol-version": "1" } as const;

/** An envelope: a byte of flags, the length, and the message. */
const HEAD = 5;
const LAST = 2;

const QUESTION = envelope("{}");

export interface Follower {
  /** The cursor of `ready`. */
  readonly ready?: string;
  /** The cursors of the events, as they came. */
  readonly cursors: readonly string[];
  /** The last message, which tells how it ended. */
  readonly end?: unknown;
  /** What went wrong with the connection before that. */
  readonly failure?: Error;
}

class RawFollower implements Follower {
  readonly cursors: string[] = [];
  ready?: string;
  end?: unknown;
  failure?: Error;
  #rest: Buffer = Buffer.alloc(0);

  listen(answer: Readable): void {
    answer.on("data", (chunk: Buffer) => this.#take(chunk));
    answer.on("error", (error) => this.fail(error));
  }

  fail(error: Error): void {
    this.failure ??= error;
  }

  #take(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (rest.length >= HEAD && rest.length >= HEAD + rest.readUInt32BE(1)) {
      const end = HEAD + rest.readUInt32BE(1);
      this.#told(rest[0] === LAST, JSON.parse(rest.toString("utf8", HEAD, end)));
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }

  #told(isLast: boolean, message: { ready?: { cursor?: string }; event?: { cursor: string } }): void {
    if (isLast) this.end = message;
    else if (message.ready !== undefined) this.ready = message.ready.cursor ?? "";
    else if (message.event !== undefined) this.cursors.push(message.event.cursor);
  }
}

/** Subscribes, from now, on a connection of its own. */
export function followOverHttp1(url: string, agent: Agent): Follower {
  const follower = new RawFollower();
  const outgoing = request(`${url}${PATH}`, { method: "POST", headers: HEADERS, agent });
  outgoing.on("response", (answer) => follower.listen(answer));
  outgoing.on("error", (error) => follower.fail(error));
  outgoing.end(QUESTION);
  return follower;
}

/** Subscribes, from now, on a connection that others use too. */
export function followOverHttp2(session: ClientHttp2Session): Follower {
  const follower = new RawFollower();
  const stream = session.request({ ":method": "POST", ":path": PATH, ...HEADERS });
  follower.listen(stream);
  stream.end(QUESTION);
  return follower;
}

function envelope(text: string): Buffer {
  const message = Buffer.from(text);
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
