// Every open connection, and how they end when the server stops: idle ones at
// once, busy ones after their answer, and at the deadline the rest.
import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export class Connections {
  readonly #sockets = new Set<Socket>();
  /** Connections that speak HTTP/2; their sessions end them. */
  readonly #multiplexed = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** The latest answer on each HTTP/1.1 connection. */
  readonly #answers = new Map<Duplex, ServerResponse>();
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** How many are open. */
  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#multiplexed.delete(socket);
      this.#answers.delete(socket);
    });
  }

  /** The connection goes on encrypted; closing one closes the other. */
  replace(raw: Socket, secured: Socket): void {
    this.#sockets.delete(raw);
    this.add(secured);
  }

  /** The connection turned out to speak HTTP/2. */
  addMultiplexed(socket: Socket): void {
    this.#multiplexed.add(socket);
  }

  addSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
  }

  /** An HTTP/1.1 request is about to be answered. */
  addAnswer(answer: ServerResponse): void {
    if (answer.socket !== null) this.#answers.set(answer.socket, answer);
  }

  /** The latest answer on an HTTP/1.1 connection; it may be complete. */
  answerOn(socket: Duplex): ServerResponse | undefined {
    return this.#answers.get(socket);
  }

  /** Lets every connection end with what it is doing now; idle ones end at once. */
  drain(): void {
    this.#draining = true;
    for (const session of this.#sessions) session.close(); // GOAWAY; its open streams run on.
    for (const socket of this.#sockets) {
      if (!this.#multiplexed.has(socket)) endAfter(this.#answers.get(socket), socket);
    }
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function endAfter(answer: ServerResponse | undefined, socket: Socket): void {
  if (answer === undefined || answer.writableFinished) socket.destroy();
  else if (!answer.headersSent) answer.setHeader("Connection", "close");
  else answer.once("finish", () => socket.end());
}
