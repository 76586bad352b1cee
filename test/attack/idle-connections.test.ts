// Thousands who connect and say nothing: the registry goes on answering those who ask,
// and those beyond its limit are closed at once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, suite, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { LocalRegistry } from "../support/local-registry.ts";
import { run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const WANTED = 10_000;
/** Files that this process and the registry need for themselves. */
const SPARE = 500;
const AT_ONCE = 250;

async function openFilesAllowed(): Promise<number> {
  const { stdout } = await run(["sh", "-c", "ulimit -n"]);
  return stdout.trim() === "unlimited" ? WANTED + SPARE : Number(stdout);
}

async function connectMany(count: number, open: () => Socket): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, open);
    await Promise.all(some.map((socket) => once(socket, "connect")));
    sockets.push(...some);
  }
  return sockets;
}

suite("idle connections", () => {
  let directory: string;
  let registry: LocalRegistry;
  let port: number;
  let count: number;

  before(async () => {
    directory = await makeTemporaryDirectory();
    count = Math.min(WANTED, (await openFilesAllowed()) - SPARE);
    const http = { limits: { connections: count, connectionsperaddress: 0 } };
    registry = await LocalRegistry.start({ directory, http });
    port = Number(registry.host.split(":")[1]);
  });
  after(async () => {
    await registry.stop();
    await removeTemporaryDirectory(directory);
  });

  test("as many as may be: the registry answers, refuses more, and is free again when they have gone", async () => {
    const open = () =>
      connect({ host: "127.0.0.1", port })
        .on("error", () => undefined)
        .resume();
    const kept = await connectMany(count - 10, open);
    assert.equal((await fetch(`${registry.url}/v2/`)).status, 200);
    assert.ok(kept.every((socket) => !socket.closed && !socket.readableEnded));
    const more = await connectMany(50, open);
    const isRefused = () => more.filter((socket) => socket.closed).length >= 30;
    await eventually("refusals", async () => isRefused() || undefined);
    const { now } = await registry.memory();
    assert.ok(now < 1024 * 1024 * 1024, `${now} bytes`);
    for (const socket of [...kept, ...more]) socket.destroy();
    await eventually("room", async () => (await registry.openFiles()) < 100 || undefined);
    assert.equal((await fetch(`${registry.url}/v2/`)).status, 200);
  });
});
