// Compares Stowage with docker-registry and with what node:http can do at most,
// side by side: each row runs on all of them in turn. See README.md.
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Generator, requireTools } from "./generator.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { startPeers, stopPeers } from "./peers.ts";
import { type Environment, report } from "./report.ts";
import type { Row } from "./rows.ts";
import { save } from "./save.ts";
import { sha256Rate } from "./sha256.ts";
import { type Result, summarize } from "./summary.ts";
import { inWorkspace } from "./workspace.ts";

const options = parseOptions(process.argv.slice(2));
if (options === undefined) process.stdout.write(USAGE);
else await inWorkspace(options.folder, (folder, signal) => bench(options, folder, signal));

async function bench(options: Options, folder: string, signal: AbortSignal): Promise<void> {
  const tools = options.peers.filter((name) => name === "docker-registry");
  await requireTools(["go", ...tools]);
  const generator = await Generator.build(folder, signal);
  const sha256 = sha256Rate(options.smoke ? 50 : 1000);
  const environment = { sha256, cores: availableParallelism(), node: process.versions.node };
  const results: Result[] = [];
  for (const [index, row] of options.rows.entries()) {
    progress(`${index + 1}/${options.rows.length} ${row.title} …\n`);
    results.push(await measure(row, options, generator, join(folder, row.name)));
  }
  await publish(results, environment, options);
}

/** Measures a row on fresh peers, so that no row sees what another one left. */
async function measure(row: Row, options: Options, generator: Generator, folder: string): Promise<Result> {
  const peers = await startPeers(options.peers, folder);
  try {
    const operation = options.smoke ? (row.smoke ?? row.operation) : row.operation;
    return summarize(row, await generator.load(peers, { ...options, operation }));
  } finally {
    await stopPeers(peers);
    await rm(folder, { recursive: true, force: true });
  }
}

async function publish(
  results: readonly Result[],
  environment: Environment,
  options: Options,
): Promise<void> {
  const json = `${JSON.stringify({ environment, results }, undefined, 2)}\n`;
  process.stdout.write(options.json ? json : `\n${report(results, environment)}`);
  if (options.smoke) progress("This was only a smoke test; its figures mean nothing.\n");
  if (options.save) await save("", json);
  const failed = results.some((result) =>
    Object.values(result.figures).some((value) => value !== undefined && value.errors > 0),
  );
  if (failed) process.exitCode = 1;
}

function progress(text: string): void {
  process.stderr.write(text);
}
