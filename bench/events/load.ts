// Pushes while others listen for the events: what loadgen/events.go does, and what it measures.
import { type Generator, type Target, targetFlag } from "../generator.ts";

export interface EventsLoad {
  /** How many follow the event stream. Absent: none. */
  readonly subscribers?: number;
  /** How many more open it and do not read. Absent: none. */
  readonly stalled?: number;
  /** Where the registry's webhook delivers to, as host:port. Absent: it has none. */
  readonly receiver?: string;
  /** True: nothing is received until everything was pushed. */
  readonly hold?: boolean;
  /** Pushes a second. Absent: as many as can be. */
  readonly rate?: number;
  /** How long to push, and how many pushes at most. Both absent: none at all. */
  readonly seconds?: number;
  readonly pushes?: number;
  /** How long to push before it is measured, in seconds. Absent: not at all. */
  readonly warmUp?: number;
  /** How long nothing is done before memory is looked at, in seconds. Absent: not at all. */
  readonly settle?: number;
}

/** In milliseconds. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/** Resident memory in megabytes (10^6 bytes): now, and the most it ever was. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
}

/** See loadgen/events_measurement.go, which explains each of them. */
export interface EventsMeasurement {
  readonly target: string;
  readonly pushes: number;
  readonly seconds: number;
  readonly drain: number;
  readonly deliveries: number;
  readonly posts: number;
  readonly answer: Delays;
  readonly delay: Delays;
  readonly behind: Delays;
  readonly clientCpu: number;
  readonly serverCpu: number;
  readonly memoryBefore: Memory;
  readonly memoryListening: Memory;
  readonly memoryAfter: Memory;
  readonly errors: number;
  readonly lastError?: string;
}

/** Throws the first error that there was. */
export async function loadEvents(
  generator: Generator,
  target: Target,
  load: EventsLoad,
): Promise<EventsMeasurement> {
  const output = await generator.run(["events", ...targetFlag(target), ...flagsOf(load)]);
  const measurement = JSON.parse(output) as EventsMeasurement;
  const { errors, lastError } = measurement;
  if (errors > 0) throw new Error(`${target.name}: ${errors} errors, the last: ${lastError}`);
  return measurement;
}

function flagsOf(load: EventsLoad): readonly string[] {
  const { subscribers, stalled, receiver, rate, pushes } = load;
  const plain = Object.entries({ subscribers, stalled, receiver, rate, pushes });
  const times = Object.entries({ for: load.seconds, "warm-up": load.warmUp, settle: load.settle });
  return [
    ...(load.hold === true ? ["-hold"] : []),
    ...plain.flatMap(([name, value]) => (value === undefined ? [] : [`-${name}`, String(value)])),
    ...times.flatMap(([name, value]) => (value === undefined ? [] : [`-${name}`, `${value}s`])),
  ];
}

/** Pushes answered a second. */
export function pushRate({ pushes, seconds }: EventsMeasurement): number {
  return pushes / seconds;
}

/** Deliveries a second, until the last of them had arrived. */
export function deliveryRate({ deliveries, seconds, drain }: EventsMeasurement): number {
  return deliveries / (seconds + drain);
}

/** Deliveries a second after everything was pushed, where nothing had been received until then. */
export function backlogRate({ deliveries, drain }: EventsMeasurement): number {
  return deliveries / drain;
}

/** How many cores a process kept busy, from the first push to the last arrival. */
export function cores(cpu: number, { seconds, drain }: EventsMeasurement): number {
  return cpu / (seconds + drain);
}

/** The measurement in the middle, in the order of the value. */
export function median<T>(rounds: readonly T[], value: (round: T) => number): T {
  const middle = rounds.toSorted((a, b) => value(a) - value(b))[Math.floor(rounds.length / 2)];
  if (middle === undefined) throw new Error("no rounds");
  return middle;
}
