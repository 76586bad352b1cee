// What a large catalogue costs: the same reads, the start and the memory with
// 1,000 and with 1,000,000 tagged manifests: `npm run bench:scale -- [--count N] [--keep FOLDER]`.
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Server } from "./child.ts";
import { FILLED_REPOSITORY, fill } from "./fill.ts";
import { Generator, type Measurement, requireTools } from "./generator.ts";
import { rootDirectory, startStowage } from "./peers.ts";
import { positive } from "./round-options.ts";
import { residentMemory } from "./status.ts";
import { figureOf } from "./summary.ts";
import { figure, table } from "./table.ts";
import { inWorkspace } from "./workspace.ts";

const OPTIONS = {
  count: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  folder: { type: "string" },
} as const;

const READS = [
  { title: "GET manifest, one tag", operation: "get-manifest:c=16", variety: 1 },
  { title: "GET manifest, any tag", operation: "get-manifest:c=16", variety: 65_536 },
  { title: "tags page of 100, one page", operation: "tags-list:c=16", variety: 1 },
  { title: "tags page of 100, any page", operation: "tags-list:c=16", variety: 65_536 },
] as const;

/** How much slower the large catalogue may be. */
const FACTOR = 1.3;

/** How many starts are taken, to print the median. */
const STARTS = 3;

interface Store {
  readonly count: number;
  readonly folder: string;
  readonly server: Server;
  /** From the command to the first answer, in milliseconds; and memory after it, in MB. */
  readonly start: number;
  readonly memory: number;
}

const { values } = parseArgs({ options: OPTIONS });
const counts = [0, 1000, positive("count", values.count ?? "1000000")];
const rounds = positive("rounds", values.rounds ?? "3");
const seconds = positive("seconds", values.seconds ?? "3");

await inWorkspace(values.folder, async (folder, signal) => {
  await requireTools(["go"]);
  const generator = await Generator.build(folder, signal);
  const stores: Store[] = [];
  try {
    for (const count of counts) stores.push(await open(count, join(folder, `${count}`), signal));
    const [, small, large] = stores;
    process.stdout.write(`${table(["manifests", "start ms", "memory MB"], stores.map(storeCells))}\n`);
    if (small !== undefined && large !== undefined) await compare(small, large, generator);
  } finally {
    await Promise.all(stores.map((store) => store.server.stop()));
  }
});

/** Fills a store, starts it several times, and leaves it running. */
async function open(count: number, folder: string, signal: AbortSignal): Promise<Store> {
  process.stderr.write(`${count.toLocaleString("en-US")} manifests: filling …\n`);
  if (count > 0) await fill({ folder: rootDirectory(folder), count, signal });
  const starts: { readonly server: Server; readonly start: number }[] = [];
  for (let i = 0; i < STARTS; i++) {
    await starts.at(-1)?.server.stop();
    const begin = performance.now();
    starts.push({ server: await startStowage(folder), start: performance.now() - begin });
  }
  const last = starts.at(-1);
  const median = starts.map(({ start }) => start).sort((a, b) => a - b)[Math.floor(STARTS / 2)];
  if (last === undefined || median === undefined) throw new Error("not started");
  const { now } = await residentMemory(last.server.pid);
  return { count, folder, server: last.server, start: median, memory: now };
}

function storeCells({ count, start, memory }: Store): readonly string[] {
  return [count.toLocaleString("en-US"), figure(start), figure(memory)];
}

async function compare(small: Store, large: Store, generator: Generator): Promise<void> {
  const rows: string[][] = [];
  for (const { title, operation, variety } of READS) {
    process.stderr.write(`${title} …\n`);
    const measured = new Map<Store, Measurement[]>([small, large].map((store) => [store, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [store, found] of measured) {
        const full = `${operation}:variety=${variety}:filled=${store.count}:repo=${FILLED_REPOSITORY}`;
        const peer = { name: "stowage", server: store.server } as const;
        found.push(...(await generator.load([peer], { operation: full, rounds: 1, seconds })));
      }
    }
    rows.push(comparison(title, [...measured.values()]));
  }
  const headings = [
    "16 clients, req/s",
    counts[1]?.toLocaleString("en-US") ?? "",
    large.count.toLocaleString("en-US"),
    "times slower",
    "at most",
    "reached",
  ];
  process.stdout.write(table(headings, rows));
}

function comparison(title: string, measured: readonly (readonly Measurement[])[]): string[] {
  const [small, large] = measured.map((found) => figureOf("req/s", found));
  if (small === undefined || large === undefined) throw new Error("not measured");
  const failed = [small, large].find(({ errors }) => errors > 0);
  if (failed !== undefined) throw new Error(`${title}: ${failed.lastError ?? "failed"}`);
  const slower = small.median / large.median;
  const reached = slower <= FACTOR ? "yes" : "NO";
  return [title, figure(small.median), figure(large.median), figure(slower), String(FACTOR), reached];
}
