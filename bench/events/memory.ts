// Memory: a thousand subscribers with nothing to do, and a webhook whose receiver is gone.
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../child.ts";
import { fill } from "../fill.ts";
import { rootDirectory, type Sections, startStowage } from "../peers.ts";
import { residentMemory } from "../status.ts";
import { figure } from "../table.ts";
import { type EventsMeasurement, loadEvents } from "./load.ts";
import type { Findings, Section, SectionContext } from "./section.ts";

/** Of the full run and of the smoke test. Each push makes two events. */
const SIZES = {
  full: { subscribers: 1000, filled: 500_000, live: 50_000, settle: 10 },
  smoke: { subscribers: 20, filled: 200, live: 100, settle: 0.1 },
} as const;

type Sizes = (typeof SIZES)["full" | "smoke"];

const EVENTS_OF_PUSH = 2;

export const memory: Section = { name: "memory", title: "Memory, in MB", run };

interface Row {
  readonly title: string;
  readonly before: number;
  readonly after: number;
  readonly peak: number;
  readonly note: string;
}

async function run(context: SectionContext): Promise<Findings> {
  const sizes = context.smoke ? SIZES.smoke : SIZES.full;
  const rows = [
    await idleSubscribers(context, sizes),
    ...(await liveRuns(context, sizes)),
    ...(await starts(context, sizes)),
  ];
  return {
    headings: ["", "before", "after", "at most", ""],
    rows: rows.map(({ title, before, after, peak, note }) => [
      title,
      ...[before, after, peak].map(figure),
      note,
    ]),
    notes: ["The receiver's port is closed: each attempt fails at once and is repeated with growing waits."],
    measured: rows,
  };
}

/** They connect once before, so that what is compiled and cached for the first of them does not count. */
async function idleSubscribers(
  { generator, folder, tell }: SectionContext,
  { subscribers, settle }: Sizes,
): Promise<Row> {
  tell(`${subscribers} idle subscribers`);
  const server = await startStowage(join(folder, "idle"));
  try {
    const target = { name: "stowage", server };
    await loadEvents(generator, target, { subscribers, settle });
    const { memoryBefore, memoryListening } = await loadEvents(generator, target, { subscribers, settle });
    const kilobytes = ((memoryListening.now - memoryBefore.now) / subscribers) * 1000;
    return {
      title: `${subscribers} idle subscribers`,
      before: memoryBefore.now,
      after: memoryListening.now,
      peak: memoryListening.peak,
      note: `${figure(kilobytes)} kB each`,
    };
  } finally {
    await server.stop();
  }
}

async function liveRuns(context: SectionContext, { live, settle }: Sizes): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [title, sections] of await cases()) {
    const events = (live * EVENTS_OF_PUSH).toLocaleString("en-US");
    context.tell(`${events} events, ${title}`);
    const server = await startStowage(join(context.folder, `live ${title}`), sections);
    try {
      const load = { pushes: live, settle };
      const measured = await loadEvents(context.generator, { name: "stowage", server }, load);
      rows.push(liveRow(`${events} events live, ${title}`, measured));
    } finally {
      await server.stop();
    }
  }
  return rows;
}

function liveRow(title: string, measured: EventsMeasurement): Row {
  const { memoryBefore, memoryAfter, pushes, seconds } = measured;
  return {
    title,
    before: memoryBefore.now,
    after: memoryAfter.now,
    peak: memoryAfter.peak,
    note: `${figure(pushes / seconds)} pushes/s`,
  };
}

/** The webhook gets its place in the log first, then the log is filled behind it. */
async function starts(context: SectionContext, { filled, settle }: Sizes): Promise<readonly Row[]> {
  const folder = join(context.folder, "filled");
  const both = await cases();
  for (const [, sections] of both) await (await startStowage(folder, sections)).stop();
  context.tell(`filling ${filled * EVENTS_OF_PUSH} events`);
  await fill({ folder: rootDirectory(folder), count: filled, signal: new AbortController().signal });
  const rows: Row[] = [];
  for (const [title, sections] of both) {
    context.tell(`started before them, ${title}`);
    const server = await startStowage(folder, sections);
    try {
      const { now: before } = await residentMemory(server.pid);
      await wait(settle * 1000);
      const { now: after, peak } = await residentMemory(server.pid);
      const events = (filled * EVENTS_OF_PUSH).toLocaleString("en-US");
      rows.push({ title: `started with ${events} events waiting, ${title}`, before, after, peak, note: "" });
    } finally {
      await server.stop();
    }
  }
  return rows;
}

/** Nobody listens at the port. */
async function cases(): Promise<readonly (readonly [string, Sections])[]> {
  const url = `http://127.0.0.1:${await freePort()}/`;
  const endpoint = { name: "dead", url, timeout: "1s", threshold: 5, backoff: "100ms", batch: 100 };
  return [
    ["no webhook", {}],
    ["a dead webhook", { notifications: { endpoints: [endpoint] } }],
  ];
}
