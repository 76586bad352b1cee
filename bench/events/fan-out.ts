// From commit to subscribers: how fast at most, how late at a moderate rate, and what the writers feel of it.

import { startStowage } from "../peers.ts";
import { figure } from "../table.ts";
import { cores, deliveryRate, type EventsMeasurement, loadEvents, median, pushRate } from "./load.ts";
import type { Findings, Section, SectionContext } from "./section.ts";

const SUBSCRIBERS = [0, 1, 100, 1000] as const;
const SMOKE_SUBSCRIBERS = [0, 1, 20] as const;

/** The moderate rate: pushes a second, of two events each. */
const MODERATE = 10;

/** As fast as it goes ends here, so that the many can be waited for. */
const MOST_DELIVERIES = 400_000;

/** Two events each. */
const EVENTS_OF_PUSH = 2;

interface Round {
  readonly fast: EventsMeasurement;
  readonly moderate: EventsMeasurement;
}

interface Row {
  readonly subscribers: number;
  readonly fast: EventsMeasurement;
  readonly moderate: EventsMeasurement;
}

export const fanOut: Section = {
  name: "fan-out",
  title: `Fan-out: as fast as 8 writers go, and at ${MODERATE} pushes/s; two events each push`,
  run,
};

async function run(context: SectionContext): Promise<Findings> {
  const server = await startStowage(context.folder);
  const counts = context.smoke ? SMOKE_SUBSCRIBERS : SUBSCRIBERS;
  const measured = new Map<number, Round[]>(counts.map((count) => [count, []]));
  try {
    for (let round = 0; round < context.rounds; round++) {
      for (const [subscribers, rounds] of measured) {
        context.tell(`round ${round + 1}, ${subscribers} subscribers`);
        rounds.push(await measure(context, { name: "stowage", server }, subscribers));
      }
    }
  } finally {
    await server.stop();
  }
  const rows = [...measured].map(([subscribers, rounds]) => rowOf(subscribers, rounds));
  return { headings: HEADINGS, rows: rows.map(cells), notes: NOTES, measured: rows };
}

async function measure(
  { generator, seconds }: SectionContext,
  target: Parameters<typeof loadEvents>[1],
  subscribers: number,
): Promise<Round> {
  const most = Math.ceil(MOST_DELIVERIES / EVENTS_OF_PUSH / Math.max(1, subscribers));
  const common = { subscribers, seconds };
  const moderate = await loadEvents(generator, target, { ...common, rate: MODERATE, warmUp: 0.2 });
  const fast = await loadEvents(generator, target, { ...common, pushes: most });
  return { fast, moderate };
}

function rowOf(subscribers: number, rounds: readonly Round[]): Row {
  return {
    subscribers,
    fast: median(
      rounds.map(({ fast }) => fast),
      pushRate,
    ),
    moderate: median(
      rounds.map(({ moderate }) => moderate),
      ({ delay }) => delay.p50,
    ),
  };
}

const HEADINGS = [
  "subscribers",
  "pushes/s",
  "events/s",
  "deliveries/s",
  "last after s",
  "server cores",
  "client cores",
  "µs/delivery",
  "| moderate: push p50",
  "p99",
  "delay p50",
  "p99 ms",
  "behind p50",
  "p99 ms",
];

const NOTES = [
  "pushes/s: while the writers wrote. events/s, deliveries/s: until the last event was with the last subscriber, " +
    "which was so many seconds after the writers' last answer.",
  "µs/delivery: the server's CPU time, the pushes' included. delay: from just before the push's request is sent to the event's arrival; behind: from the push's answer.",
] as const;

function cells({ subscribers, fast, moderate }: Row): readonly string[] {
  const events = deliveryRate(fast) / Math.max(1, subscribers);
  return [
    String(subscribers),
    figure(pushRate(fast)),
    figure(subscribers === 0 ? undefined : events),
    figure(subscribers === 0 ? undefined : deliveryRate(fast)),
    figure(fast.drain),
    figure(cores(fast.serverCpu, fast)),
    figure(cores(fast.clientCpu, fast)),
    figure(subscribers === 0 ? undefined : (fast.serverCpu / fast.deliveries) * 1e6),
    figure(moderate.answer.p50),
    figure(moderate.answer.p99),
    figure(moderate.delay.p50),
    figure(moderate.delay.p99),
    figure(moderate.behind.p50),
    figure(moderate.behind.p99),
  ];
}
