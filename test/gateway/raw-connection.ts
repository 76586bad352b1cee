// One TCP connection in the test's hand: what is sent when, what is read, and how it ends.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection that collects what it receives. */
export class RawConnection {
  readonly socket: Socket;
  #received = "";
  /** Undefined: the connection ended in order, or is open. */
  error: Error | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
    });
    socket.on("error", (error) => {
      this.error = error;
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: false });
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  get received(): string {
    return this.#received;
  }

  /** Sends a request's head. Host is added. */
  head(start: string, headers: Readonly<Record<string, string | number>> = {}): void {
    const lines = Object.entries({ Host: "registry.test", ...headers });
    this.send(`${start} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Resolves when what was received satisfies the condition, or the connection is closed. */
  async until(condition: (received: string) => boolean): Promise<void> {
    while (!condition(this.#received) && !this.socket.closed)
      await Promise.race([once(this.socket, "data"), once(this.socket, "close")]);
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, "close");
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** True when the text holds so many whole answers with JSON bodies. */
export function hasAnswers(text: string, count: number): boolean {
  return [...text.matchAll(/\r\n\r\n\{.*\}/g)].length >= count;
}
