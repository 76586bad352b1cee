// What events cost and how fast they travel: `npm run bench:events`. See README.md.
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Options, parseOptions, USAGE } from "./events/options.ts";
import type { Findings, Section } from "./events/section.ts";
import { Generator, requireTools } from "./generator.ts";
import { save } from "./save.ts";
import { table } from "./table.ts";
import { inWorkspace } from "./workspace.ts";

const options = parseOptions(process.argv.slice(2));
if (options === undefined) process.stdout.write(USAGE);
else await inWorkspace(options.folder, (folder, signal) => bench(options, folder, signal));

async function bench(options: Options, folder: string, signal: AbortSignal): Promise<void> {
  const isPeerNeeded = options.sections.some(({ name }) => name === "webhooks");
  await requireTools(["go", ...(isPeerNeeded ? ["docker-registry"] : [])]);
  const generator = await Generator.build(folder, signal);
  const results: { readonly section: Section; readonly findings: Findings }[] = [];
  for (const section of options.sections) {
    signal.throwIfAborted();
    const findings = await measure(section, options, { generator, folder: join(folder, section.name) });
    results.push({ section, findings });
    if (!options.json) process.stdout.write(report(section, findings));
  }
  const environment = { cores: availableParallelism(), node: process.versions.node };
  const sections = results.map(({ section, findings }) => [section.name, findings.measured]);
  const measured = { environment, sections: Object.fromEntries(sections) };
  const json = `${JSON.stringify(measured, undefined, 2)}\n`;
  if (options.json) process.stdout.write(json);
  if (options.save) await save("-events", json);
  if (options.smoke) process.stderr.write("This was only a smoke test; its figures mean nothing.\n");
}

async function measure(
  section: Section,
  { rounds, seconds, smoke }: Options,
  tools: { readonly generator: Generator; readonly folder: string },
): Promise<Findings> {
  const tell = (text: string) => void process.stderr.write(`${section.name}: ${text} …\n`);
  try {
    return await section.run({ ...tools, rounds, seconds, smoke, tell });
  } finally {
    await rm(tools.folder, { recursive: true, force: true });
  }
}

function report({ title }: Section, { headings, rows, notes }: Findings): string {
  return `\n${title}\n\n${table(headings, rows)}\n${notes.map((note) => `${note}\n`).join("")}`;
}
