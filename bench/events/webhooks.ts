// Webhooks beside docker-registry's: how many events a second reach a receiver, and how late.
import { join } from "node:path";
import { freePort } from "../child.ts";
import type { Target } from "../generator.ts";
import { startDockerRegistry, startStowage } from "../peers.ts";
import { figure } from "../table.ts";
import {
  backlogRate,
  cores,
  deliveryRate,
  type EventsMeasurement,
  loadEvents,
  median,
  pushRate,
} from "./load.ts";
import type { Findings, Section, SectionContext } from "./section.ts";

/** Pushes a second where the delay is measured. */
const RATE = 20;

/** An answer may be held for longer than a round takes: nobody shall measure retries here. */
const ENDPOINT = { name: "bench", timeout: "30s", threshold: 10, backoff: "1s" } as const;

export const webhooks: Section = {
  name: "webhooks",
  title: `Webhooks: as fast as 8 writers go, all that piled up meanwhile, and at ${RATE} pushes/s; one event each push`,
  run,
};

interface Contender {
  readonly name: string;
  readonly start: (folder: string, url: string) => Promise<Target["server"] & { stop(): Promise<void> }>;
}

const CONTENDERS: readonly Contender[] = [
  { name: "stowage, batch 1", start: (folder, url) => startStowage(folder, sections({ url, batch: 1 })) },
  { name: "stowage, batch 100", start: (folder, url) => startStowage(folder, sections({ url, batch: 100 })) },
  { name: "docker-registry", start: (folder, url) => startDockerRegistry(folder, sections({ url })) },
];

function sections(endpoint: { readonly url: string; readonly batch?: number }) {
  return { notifications: { endpoints: [{ ...ENDPOINT, ...endpoint }] } };
}

interface Row {
  readonly name: string;
  readonly fast: readonly EventsMeasurement[];
  readonly held: readonly EventsMeasurement[];
  readonly moderate: readonly EventsMeasurement[];
}

/** One contender after the other in each round: an idle registry costs the others nothing. */
async function run(context: SectionContext): Promise<Findings> {
  const running: (Row & { readonly measure: () => Promise<void>; readonly stop: () => Promise<void> })[] = [];
  try {
    for (const contender of CONTENDERS) running.push(await start(context, contender));
    for (let round = 0; round < context.rounds; round++) {
      for (const { name, measure } of running) {
        context.tell(`round ${round + 1}, ${name}`);
        await measure();
      }
    }
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
  return { headings: HEADINGS, rows: running.map(cells), notes: NOTES, measured: running };
}

async function start({ generator, folder, seconds }: SectionContext, { name, start }: Contender) {
  const receiver = `127.0.0.1:${await freePort()}`;
  const server = await start(join(folder, name.replaceAll(/\W+/g, "-")), `http://${receiver}/`);
  const target = { name: name.replaceAll(" ", "-"), server };
  const fast: EventsMeasurement[] = [];
  const held: EventsMeasurement[] = [];
  const moderate: EventsMeasurement[] = [];
  const measure = async () => {
    // The first POST finds the connection of the run before closed; the warm-up ends when that is over.
    const load = { receiver, seconds, warmUp: Math.min(1, seconds) };
    moderate.push(await loadEvents(generator, target, { ...load, rate: RATE }));
    fast.push(await loadEvents(generator, target, load));
    held.push(await loadEvents(generator, target, { ...load, hold: true }));
  };
  return { name, fast, held, moderate, measure, stop: () => server.stop() };
}

const HEADINGS = [
  "registry",
  "pushes/s",
  "events/s",
  "last after s",
  "server cores",
  "client cores",
  "| piled up: events/s",
  "events/POST",
  "| moderate: push p50",
  "p99",
  "behind p50",
  "p99",
  "slowest ms",
];

const NOTES = [
  "events/s: until the last one was received, so many seconds after the last push was answered. Piled up: the first POST was not answered until all was pushed; the rate behind that. behind: from the push's answer to the event's arrival; negative where the event was first.",
] as const;

function cells({ name, fast, held, moderate }: Row): readonly string[] {
  const quick = median(fast, deliveryRate);
  const pile = median(held, backlogRate);
  const { answer, behind } = median(moderate, ({ behind: { p50 } }) => p50);
  return [
    name,
    figure(pushRate(quick)),
    figure(deliveryRate(quick)),
    figure(quick.drain),
    figure(cores(quick.serverCpu, quick)),
    figure(cores(quick.clientCpu, quick)),
    figure(backlogRate(pile)),
    figure(pile.deliveries / pile.posts),
    ...[answer.p50, answer.p99, behind.p50, behind.p99, behind.slowest].map(figure),
  ];
}
