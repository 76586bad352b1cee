// What it costs to say who calls: the same reads by anonymous callers and by others,
// each on a registry of its own, in turn: `npm run bench:auth`. See README.md.
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BASELINE, CALLERS, type Caller } from "./auth/callers.ts";
import type { Server } from "./child.ts";
import { type ContenderOptions, parseContenders, usageOf } from "./contender-options.ts";
import { Generator, requireTools, type Target } from "./generator.ts";
import { startStowage } from "./peers.ts";
import { ROWS } from "./rows.ts";
import { save } from "./save.ts";
import { judge, report, type Verdict } from "./verdict.ts";
import { inWorkspace } from "./workspace.ts";

/** Nothing is shorter than a HEAD, so nothing shows the cost better. */
const READS = ROWS.filter(({ name }) => name === "head-manifest" || name === "head-blob");

const JUDGED = { baseline: BASELINE, unit: "req/s" } as const;

const COMPARISON = { name: "auth", what: "caller", all: CALLERS, baseline: BASELINE } as const;

type Options = ContenderOptions<Caller>;

const options = parseContenders(COMPARISON, process.argv.slice(2));
if (options === undefined) process.stdout.write(usageOf(COMPARISON));
else await inWorkspace(options.folder, (folder, signal) => bench(options, folder, signal));

async function bench(options: Options, folder: string, signal: AbortSignal): Promise<void> {
  await requireTools(["go"]);
  const generator = await Generator.build(folder, signal);
  const servers: Server[] = [];
  try {
    const targets: Target[] = [];
    for (const caller of options.contenders)
      targets.push(await start(caller, join(folder, caller.name), servers));
    const results: Record<string, readonly Verdict[]> = {};
    for (const { name, title, operation } of READS) {
      process.stderr.write(`${title}: ${options.rounds} rounds of ${targets.length} callers …\n`);
      const verdicts = judge(
        options.contenders,
        await generator.load(targets, { ...options, operation }),
        JUDGED,
      );
      results[name] = verdicts;
      if (!options.json) process.stdout.write(`\n${report(title, verdicts, JUDGED)}`);
    }
    await publish(results, options);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Starts the caller's registry, adds it to the servers, and asks it for what it is called with. */
async function start({ name, guard }: Caller, folder: string, servers: Server[]): Promise<Target> {
  await mkdir(folder, { recursive: true });
  const { auth, authorization } = await guard(folder);
  const server = await startStowage(folder, { auth });
  servers.push(server);
  return { name, server, ...(authorization && { authorization: await authorization(server.url) }) };
}

async function publish(
  results: Readonly<Record<string, readonly Verdict[]>>,
  options: Options,
): Promise<void> {
  const environment = { cores: availableParallelism(), node: process.versions.node };
  const json = `${JSON.stringify({ environment, results }, undefined, 2)}\n`;
  const how = `${options.rounds} rounds each, in turn; "x ${BASELINE}" is the median of the rounds' ratios.`;
  process.stdout.write(options.json ? json : `\n${how}\n`);
  if (options.save) await save("-auth", json);
  if (options.smoke) process.stderr.write("This was only a smoke test; its figures mean nothing.\n");
}
