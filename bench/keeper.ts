// What collecting costs those who push and pull meanwhile, and itself:
// `npm run bench:keeper -- [--images N] [--deleted N] [--rate N]`. Two registries of
// different sizes, of which as much is deleted, show what the cost grows with.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { MaintenanceService } from "../src/gen/stowage/v1/maintenance_service_pb.ts";
import { digestOf } from "../src/oci/digest.ts";
import type { Server } from "./child.ts";
import { Generator, type Measurement, requireTools } from "./generator.ts";
import { type FilledStore, fillStore } from "./keeper/store.ts";
import { rootDirectory, startStowage, stowageConfig } from "./peers.ts";
import { positive } from "./round-options.ts";
import { residentMemory } from "./status.ts";
import { figure, table } from "./table.ts";
import { inWorkspace } from "./workspace.ts";

const OPTIONS = {
  images: { type: "string" },
  deleted: { type: "string" },
  repositories: { type: "string" },
  rate: { type: "string" },
  seconds: { type: "string" },
  folder: { type: "string" },
  smoke: { type: "boolean" },
} as const;

/** What four clients do, each, of eight. */
const OPERATIONS = ["push-image:c=4", "get-manifest:c=4"] as const;

/** How much longer the slowest hundredth may take while it collects. */
const FACTOR = 1.5;

/** Windows before and after. */
const WINDOWS = 5;

const { values } = parseArgs({ options: OPTIONS });
const smoke = values.smoke ?? false;
const images = positive("images", values.images ?? (smoke ? "600" : "300000"));
const deleted = positive("deleted", values.deleted ?? String(Math.ceil(images / 10)));
const repositories = positive("repositories", values.repositories ?? (smoke ? "10" : "1000"));
const rate = positive("rate", values.rate ?? "2000");
const seconds = positive("seconds", values.seconds ?? (smoke ? "0.3" : "8"));

/** What was removed for good, as the registry tells it. */
interface Removed {
  readonly manifests: number;
  readonly links: number;
  readonly blobs: number;
}

interface Outcome {
  readonly store: FilledStore;
  readonly removed: Removed;
  readonly seconds: number;
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number };
  /** p99 in milliseconds, by operation, of each window. */
  readonly quiet: readonly Measurement[];
  readonly busy: readonly Measurement[];
  readonly checked: { readonly pulled: number; readonly findings: number; readonly seconds: number };
}

await inWorkspace(values.folder, async (folder, signal) => {
  await requireTools(["go"]);
  const generator = await Generator.build(folder, signal);
  const outcomes: Outcome[] = [];
  for (const count of [Math.max(Math.ceil(images / 5), deleted), images]) {
    const outcome = await measure(join(folder, `${count}`), count, generator, signal);
    outcomes.push(outcome);
    process.stderr.write(`${collected([outcome])}\n${latencies([outcome])}\n`);
  }
  process.stdout.write(`${collected(outcomes)}\n${latencies(outcomes)}`);
});

async function measure(
  folder: string,
  count: number,
  generator: Generator,
  signal: AbortSignal,
): Promise<Outcome> {
  tell(`${count.toLocaleString("en-US")} images, ${deleted.toLocaleString("en-US")} deleted: filling …`);
  const store = await fillStore(
    { folder: rootDirectory(folder), repositories, images: count, deleted },
    signal,
  );
  // It collects when it is asked to, so that there is a time before.
  const gc = { enabled: false, grace: "10s", rate };
  const { storage } = stowageConfig(0, folder) as { readonly storage: object };
  const server = await startStowage(folder, { storage: { ...storage, maintenance: { gc } } });
  try {
    const windows = (wanted: (window: number) => boolean) => load(generator, server, wanted);
    tell("without collecting …");
    const quiet = await windows((window) => window < WINDOWS);
    const before = await residentMemory(server.pid);
    tell("while collecting …");
    let isOver = false;
    const start = performance.now();
    const collecting = collect(server).finally(() => {
      isOver = true;
    });
    const [removed, busy] = await Promise.all([collecting, windows(() => !isOver)]);
    const time = (performance.now() - start) / 1000;
    const { peak } = await residentMemory(server.pid);
    tell("checking …");
    const checked = await check(server, store);
    const { now: after } = await residentMemory(server.pid);
    return {
      store,
      removed,
      seconds: time,
      memory: { before: before.now, peak, after },
      quiet,
      busy,
      checked,
    };
  } finally {
    await server.stop();
  }
}

/** Loads it in windows of both operations at once, as long as wanted. */
async function load(
  generator: Generator,
  server: Server,
  wanted: (window: number) => boolean,
): Promise<readonly Measurement[]> {
  const found: Measurement[] = [];
  for (let window = 0; wanted(window); window++) {
    const target = { name: "stowage", server };
    const both = OPERATIONS.map((operation) =>
      generator.load([target], { operation, rounds: 1, seconds, cold: window > 0 }),
    );
    found.push(...(await Promise.all(both)).flat());
  }
  const failed = found.find(({ errors }) => errors > 0);
  if (failed !== undefined) throw new Error(`${failed.operation}: ${failed.lastError ?? "failed"}`);
  return found;
}

/** Collects until nothing is due any more, beyond the grace time of what the first run let go. */
async function collect(server: Server): Promise<Removed> {
  const client = maintenance(server);
  const removed = { manifests: 0, links: 0, blobs: 0 };
  for (let links = -1; links !== removed.links || links === 0; ) {
    links = removed.links;
    for await (const { item } of client.runCollection({})) {
      if (item.case !== "finished") continue;
      removed.manifests += Number(item.value.manifests);
      removed.links += Number(item.value.links);
      removed.blobs += Number(item.value.blobs);
    }
    await new Promise((resolve) => setTimeout(resolve, 11_000));
  }
  return removed;
}

/** Pulls a sample of what was kept, and has the registry check itself. */
async function check(server: Server, { sample }: FilledStore): Promise<Outcome["checked"]> {
  for (const { repository, tag } of sample) {
    const manifest = await pull(`${server.url}/v2/${repository}/manifests/${tag}`);
    const { config, layers } = JSON.parse(manifest.toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of [config, ...layers]) {
      const bytes = await pull(`${server.url}/v2/${repository}/blobs/${digest}`);
      if (digestOf(bytes) !== digest) throw new Error(`${digest} of ${repository}:${tag} has other bytes`);
    }
  }
  const start = performance.now();
  let findings = 0;
  for await (const { item } of maintenance(server).runFsck({})) if (item.case === "finding") findings++;
  return { pulled: sample.length, findings, seconds: (performance.now() - start) / 1000 };
}

async function pull(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function maintenance({ url }: Server) {
  return createClient(MaintenanceService, createConnectTransport({ baseUrl: url, httpVersion: "1.1" }));
}

function collected(outcomes: readonly Outcome[]): string {
  const headings = [
    "images",
    "manifests, links, blobs removed",
    "s",
    "a second",
    "MB before",
    "peak",
    "after",
    "pulled",
    "fsck",
    "s",
  ];
  const rows = outcomes.map(({ store, removed, seconds: time, memory, checked }) => {
    const { manifests, links, blobs } = removed;
    const all = manifests + links + blobs;
    return [
      store.manifests.toLocaleString("en-US"),
      [manifests, links, blobs].map((count) => count.toLocaleString("en-US")).join(" + "),
      figure(time),
      figure(all / time),
      figure(memory.before),
      figure(memory.peak),
      figure(memory.after),
      String(checked.pulled),
      `${checked.findings} findings`,
      figure(checked.seconds),
    ];
  });
  return table(headings, rows);
}

function latencies(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ store, quiet, busy }) =>
    OPERATIONS.map((operation) => {
      const of = (all: readonly Measurement[]) => all.filter((one) => operation.startsWith(one.operation));
      const [before, during] = [medianP99(of(quiet)), medianP99(of(busy))];
      const factor = during / before;
      return [
        `${operation.split(":")[0]}, ${store.manifests.toLocaleString("en-US")} images`,
        figure(before),
        figure(during),
        figure(factor),
        String(FACTOR),
        factor <= FACTOR ? "yes" : "NO",
      ];
    }),
  );
  return table(["8 clients, p99 in ms", "quiet", "collecting", "times", "at most", "reached"], rows);
}

/** Of all windows: one that met something else of the machine does not count. */
function medianP99(windows: readonly Measurement[]): number {
  const sorted = windows.map(({ p99 }) => p99).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
