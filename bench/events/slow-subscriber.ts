// One that does not read among ninety-nine that do: they and the registry's memory shall not notice.
import { join } from "node:path";
import { startStowage } from "../peers.ts";
import { figure } from "../table.ts";
import { cores, type EventsMeasurement, loadEvents, median, pushRate } from "./load.ts";
import type { Findings, Section, SectionContext } from "./section.ts";

const FAST = 99;
const SMOKE_FAST = 9;

/** Pushes a second, of two events each. */
const RATE = 20;

/** So many events pass by the one that does not read: more than the kernel keeps for it. */
const PUSHES = 20_000;
const SMOKE_PUSHES = 200;

export const slowSubscriber: Section = {
  name: "slow-subscriber",
  title: `One of ${FAST + 1} subscribers does not read, at ${RATE} pushes/s`,
  run,
};

interface Case {
  readonly title: string;
  readonly stalled: number;
  readonly rounds: EventsMeasurement[];
}

async function run(context: SectionContext): Promise<Findings> {
  const subscribers = context.smoke ? SMOKE_FAST : FAST;
  const cases: readonly Case[] = [
    { title: `${subscribers} read`, stalled: 0, rounds: [] },
    { title: `${subscribers} read, 1 does not`, stalled: 1, rounds: [] },
  ];
  const server = await startStowage(join(context.folder, "delays"));
  const target = { name: "stowage", server };
  try {
    for (let round = 0; round < context.rounds; round++) {
      for (const { title, stalled, rounds } of cases) {
        context.tell(`round ${round + 1}, ${title}`);
        const load = { subscribers, stalled, rate: RATE, seconds: context.seconds, warmUp: 0.2 };
        rounds.push(await loadEvents(context.generator, target, load));
      }
    }
  } finally {
    await server.stop();
  }
  const backlog = await backlogs(context);
  return {
    headings: ["", "push p50", "p99", "delay p50", "p99", "slowest ms", "server cores", "client cores"],
    rows: cases.map(cells),
    notes: backlog.map(({ title, measured }) => backlogNote(title, measured)),
    measured: { cases, backlog },
  };
}

function cells({ title, rounds }: Case): readonly string[] {
  const middle = median(rounds, ({ delay }) => delay.p50);
  const { answer, delay } = middle;
  return [
    title,
    ...[answer.p50, answer.p99, delay.p50, delay.p99, delay.slowest].map(figure),
    figure(cores(middle.serverCpu, middle)),
    figure(cores(middle.clientCpu, middle)),
  ];
}

interface Backlog {
  readonly title: string;
  readonly measured: EventsMeasurement;
}

/** Many events behind the back of one that does not read, each time in a fresh process: what that costs in memory. */
async function backlogs(context: SectionContext): Promise<readonly Backlog[]> {
  const found: Backlog[] = [];
  for (const [title, stalled] of [
    ["nobody", 0],
    ["one that does not read", 1],
  ] as const) {
    context.tell(`a long backlog for ${title}`);
    const server = await startStowage(join(context.folder, `stalled-${stalled}`));
    try {
      const load = {
        stalled,
        pushes: context.smoke ? SMOKE_PUSHES : PUSHES,
        settle: context.smoke ? 0 : 3,
      };
      found.push({ title, measured: await loadEvents(context.generator, { name: "stowage", server }, load) });
    } finally {
      await server.stop();
    }
  }
  return found;
}

function backlogNote(title: string, measured: EventsMeasurement): string {
  const { pushes, memoryAfter } = measured;
  return (
    `${(pushes * 2).toLocaleString("en-US")} events for ${title}: ${figure(pushRate(measured))} pushes/s, ` +
    `memory ${figure(memoryAfter.now)} MB, at most ${figure(memoryAfter.peak)} MB.`
  );
}
