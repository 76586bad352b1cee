// How much memory Stowage takes while many push and pull at once, each of them a
// large blob: `npm run bench:memory -- [--clients 64] [--mebibytes 64]`.
import { parseArgs } from "node:util";
import type { Server } from "./child.ts";
import { Generator, requireTools } from "./generator.ts";
import { startStowage } from "./peers.ts";
import { positive } from "./round-options.ts";
import { residentMemory } from "./status.ts";
import { figure, table } from "./table.ts";
import { inWorkspace } from "./workspace.ts";

/** What the process must stay below, in MB. */
const LIMIT = 300;

/** A round ends when its blobs are through, not when a time is over. In seconds. */
const NO_END = 600;

const { values } = parseArgs({ options: { clients: { type: "string" }, mebibytes: { type: "string" } } });
const clients = positive("clients", values.clients ?? "64");
const size = positive("mebibytes", values.mebibytes ?? "64") * 2 ** 20;
const push = `push-blob:c=${clients}:n=${clients}:size=${size}`;
const pull = `get-blob:c=${clients}:n=${clients * 2}:size=${size}`;

await inWorkspace(undefined, async (folder, signal) => {
  await requireTools(["go"]);
  const generator = await Generator.build(folder, signal);
  const server = await startStowage(folder);
  try {
    const rows = [
      await phase("at rest", generator, server, []),
      await phase("pushes", generator, server, [push]),
      await phase("pulls", generator, server, [pull]),
      await phase("pushes and pulls", generator, server, [push, pull]),
    ];
    process.stdout.write(table([`${clients} clients each`, "MB/s", "MB now", "MB at most so far"], rows));
    await judge(server);
  } finally {
    await server.stop();
  }
});

/** Does the operations at the same time, and tells what memory was needed. */
async function phase(
  title: string,
  generator: Generator,
  server: Server,
  operations: readonly string[],
): Promise<readonly string[]> {
  const rates = await Promise.all(operations.map((operation) => loadOnce(generator, server, operation)));
  const { now, peak } = await residentMemory(server.pid);
  process.stderr.write(`${title}: ${figure(now)} MB\n`);
  return [title, rates.join(" + "), figure(now), figure(peak)];
}

async function loadOnce(generator: Generator, server: Server, operation: string): Promise<string> {
  const load = { operation, rounds: 1, seconds: NO_END, cold: true };
  const [measured] = await generator.load([{ name: "stowage", server }], load);
  if (measured === undefined || measured.errors > 0) throw new Error(measured?.lastError ?? "no measurement");
  return figure(measured.bytes / 1e6 / measured.seconds);
}

async function judge(server: Server): Promise<void> {
  const { peak } = await residentMemory(server.pid);
  const verdict = peak <= LIMIT ? "within" : "ABOVE";
  process.stdout.write(`\nAt most ${figure(peak)} MB: ${verdict} the limit of ${LIMIT} MB.\n`);
  if (peak > LIMIT) process.exitCode = 1;
}
