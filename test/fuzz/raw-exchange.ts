// Sends bytes on a connection of their own and collects what comes back, until the connection is closed. Whatever
// the bytes are, the registry must answer them or hang up.
import { connect } from "node:net";

/** Generous: the registry under test gives up on silent clients after a second. */
const LIMIT = 20_000;

/** How long a client goes on waiting for the end of an answer that has no end, in milliseconds. */
const ENDLESS = 100;

export interface RawRequest {
  readonly bytes: Uint8Array;
  /** True: the answer may go on for ever, so that its head is enough. */
  readonly endless?: boolean;
}

/** Throws when there is neither an answer nor an end. */
export async function exchange(host: string, { bytes, endless = false }: RawRequest): Promise<Buffer> {
  const [hostname, port] = host.split(":");
  const received: Uint8Array[] = [];
  const socket = connect({ host: hostname ?? "", port: Number(port) });
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(limit);
      socket.destroy();
      resolve(Buffer.concat(received));
    };
    const limit = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `no end after ${LIMIT} ms; so far: ${Buffer.concat(received).toString("latin1").slice(0, 300)}`,
        ),
      );
    }, LIMIT);
    socket.on("data", (chunk) => {
      received.push(chunk);
      if (endless) setTimeout(end, ENDLESS);
    });
    socket.on("error", end).on("close", end);
    socket.write(bytes);
  });
}
