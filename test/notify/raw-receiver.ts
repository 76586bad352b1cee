// A receiver that knows no HTTP: it does with each connection what the test likes.

import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";

export class RawReceiver implements AsyncDisposable {
  /** "127.0.0.1:<port>". */
  readonly host: string;
  /** All connections so far, the ended ones too. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** `serve` is called with each connection when its first bytes have come, with the whole of a small request. */
  static async start(serve: (socket: Socket) => void): Promise<RawReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const receiver = new RawReceiver(server);
    server.on("connection", (socket) => {
      receiver.sockets.push(socket);
      socket.on("error", () => undefined); // being reset is what many of them are for
      socket.once("data", () => serve(socket));
    });
    return receiver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
