// What it costs to be seen: the same reads and pushes with logs, metrics and traces on
// and off, each on a registry of its own, in turn: `npm run bench:observing`. See README.md.
import { once } from "node:events";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Server } from "./child.ts";
import { type ContenderOptions, parseContenders, usageOf } from "./contender-options.ts";
import { Generator, requireTools, type Target } from "./generator.ts";
import { BASELINE, CASES, type Case } from "./observing/cases.ts";
import { startStowage } from "./peers.ts";
import { ROWS } from "./rows.ts";
import { save } from "./save.ts";
import { judge, report, type Verdict } from "./verdict.ts";
import { inWorkspace } from "./workspace.ts";

/** The shortest answer with a body, and the most work in the least bytes. */
const WATCHED = ROWS.filter(({ name }) => name === "get-manifest" || name === "push-image");

const COMPARISON = { name: "observing", what: "case", all: CASES, baseline: BASELINE } as const;

type Options = ContenderOptions<Case>;

const options = parseContenders(COMPARISON, process.argv.slice(2));
if (options === undefined) process.stdout.write(usageOf(COMPARISON));
else await inWorkspace(options.folder, (folder, signal) => bench(options, folder, signal));

async function bench(options: Options, folder: string, signal: AbortSignal): Promise<void> {
  await requireTools(["go"]);
  const generator = await Generator.build(folder, signal);
  const collector = await startCollector();
  const servers: Server[] = [];
  try {
    const targets: Target[] = [];
    for (const one of options.contenders) targets.push(await start(one, collector.url, folder, servers));
    const results: Record<string, readonly Verdict[]> = {};
    for (const { name, title, operation, unit } of WATCHED) {
      process.stderr.write(`${title}: ${options.rounds} rounds of ${targets.length} cases …\n`);
      const judged = { baseline: BASELINE, unit };
      const verdicts = judge(
        options.contenders,
        await generator.load(targets, { ...options, operation }),
        judged,
      );
      results[name] = verdicts;
      if (!options.json) process.stdout.write(`\n${report(title, verdicts, judged)}`);
    }
    await publish(results, collector.received(), options);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await collector.stop();
  }
}

async function start(one: Case, collector: string, folder: string, servers: Server[]): Promise<Target> {
  const place = join(folder, one.name);
  const { debug, ...sections } = await one.sections(collector);
  const http = debug === undefined ? {} : { debug };
  const server = await startStowage(place, { ...sections, http }, join(folder, `${one.name}.log`));
  servers.push(server);
  return { name: one.name, server };
}

/** Takes traces and keeps nothing of them. */
async function startCollector() {
  let received = 0;
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    request.on("end", () => response.writeHead(200, { "Content-Type": "application/x-protobuf" }).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    received: () => received,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function publish(
  results: Readonly<Record<string, readonly Verdict[]>>,
  tracedBytes: number,
  options: Options,
): Promise<void> {
  const environment = { cores: availableParallelism(), node: process.versions.node };
  const json = `${JSON.stringify({ environment, tracedBytes, results }, undefined, 2)}\n`;
  const how =
    `${options.rounds} rounds each, in turn; "x ${BASELINE}" is the median of the rounds' ratios. ` +
    `${tracedBytes} bytes of traces were received.`;
  process.stdout.write(options.json ? json : `\n${how}\n`);
  if (options.save) await save("-observing", json);
  if (options.smoke) process.stderr.write("This was only a smoke test; its figures mean nothing.\n");
}
