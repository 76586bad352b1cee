// What the event log costs those who push, and the record of pulls those who pull.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort, Server } from "../child.ts";
import { configure, startStowage, stowageConfig } from "../peers.ts";
import { compare, findings, type Trio } from "./comparison.ts";
import type { Section, SectionContext } from "./section.ts";

/** Short rounds and many of them: what changes slowly hits all servers alike. */
const ROUNDS_FACTOR = 6;

/** What a push may be slower for the log, in percent. */
const LOG_GOAL = 5;

export const logCost: Section = {
  name: "log-cost",
  title: "The log's cost: push image, 3 layers of 1 KiB, 8 clients, with and without the log",
  run: (context) =>
    comparison(context, {
      what: "the event log",
      operation: "push-image:c=8:layers=3:size=1024",
      goal: LOG_GOAL,
      start: (folder, isWith) => startRegistry(folder, isWith ? [] : ["--silent"]),
    }),
};

export const pullsCost: Section = {
  name: "pulls-cost",
  title: "The cost of recording pulls: GET manifest by tag, 16 clients, events.pulls.enabled true and false",
  run: (context) =>
    comparison(context, {
      what: "recording pulls",
      operation: "get-manifest:c=16",
      start: (folder, isWith) => startStowage(folder, { events: { pulls: { enabled: isWith } } }),
    }),
};

interface Question {
  readonly what: string;
  readonly operation: string;
  readonly goal?: number;
  readonly start: (folder: string, isWith: boolean) => Promise<Server>;
}

async function comparison(context: SectionContext, { what, operation, goal, start }: Question) {
  const servers: Server[] = [];
  const open = async (name: string, isWith: boolean) => {
    const server = await start(join(context.folder, name), isWith);
    servers.push(server);
    return server;
  };
  try {
    const trio: Trio = {
      with: await open("with", true),
      without: await open("without", false),
      again: await open("again", false),
    };
    const rounds = context.smoke ? 2 : context.rounds * ROUNDS_FACTOR;
    context.tell(`${rounds} rounds with ${what}, without it, and without it again`);
    return findings(what, await compare(context, trio, { operation, rounds }), goal);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Node's flags and the environment are those of bin/stowage.js. */
async function startRegistry(folder: string, flags: readonly string[]): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const config = await configure(folder, stowageConfig(port, folder));
  const node = ["--max-semi-space-size=2", "--initial-old-space-size=128"];
  const program = join(import.meta.dirname, "..", "registry.ts");
  const command = [
    "env",
    "UV_THREADPOOL_SIZE=8",
    process.execPath,
    ...node,
    program,
    config,
    ...flags,
  ] as const;
  return Server.start(command, port);
}
