// A path to listen on: what a process that is gone has left there is taken away, and
// nothing else.
import { once } from "node:events";
import { chmod, lstat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";

/** The owner and the group may connect: whoever can reach the socket needs no other permission. */
const MODE = 0o660;

/** What the kernel takes on Linux; elsewhere it is shorter still. unix(7). */
const MAX_PATH = 107;

/** Resolves with the server listening. The file goes when the server closes. */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH)
    throw new Error(`the path has ${length} bytes; paths of Unix sockets have at most ${MAX_PATH}`);
  await removeStale(path);
  server.listen({ path });
  await once(server, "listening");
  await chmod(path, MODE);
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error("something else is there already, and it is no socket");
  if (await isAnswered(path)) throw new Error("another program listens there already");
  await unlink(path);
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ECONNREFUSED" || code === "ENOENT") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
