// A named consumer that reads the event log across all deaths of the registry and its own. Whatever happens, its
// stream must begin behind what it has acknowledged.
import { setTimeout as wait } from "node:timers/promises";
import { type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.ts";
import { EventService } from "../../src/gen/stowage/v1/event_service_pb.ts";
import type { Random } from "../support/random.ts";
import { eventItem } from "./event-items.ts";
import { Reading } from "./reading.ts";

/** How it works. Chances are taken with each event. */
export interface ConsumerHabits {
  /** How likely it acknowledges what it had so far. */
  readonly acknowledging: number;
  /** How likely it drops everything and begins again behind what it acknowledged. */
  readonly crashing: number;
  /** True: a stream that broke off is resumed only when all that came was acknowledged. */
  readonly isThorough: boolean;
}

export interface ConsumerReaderOptions {
  readonly name: string;
  readonly transport: Transport;
  readonly random: Random;
  readonly habits: ConsumerHabits;
}

const RELIABLE: ConsumerHabits = { acknowledging: 1, crashing: 0, isThorough: true };

/** How long it waits before it tries again, in milliseconds. */
const PAUSE = 20;

export class ConsumerReader {
  readonly name: string;
  readonly reading: Reading;
  readonly #options: ConsumerReaderOptions;
  readonly #client: Client<typeof EventService>;
  readonly #leaving = new AbortController();
  #habits: ConsumerHabits;
  /** What it had last. */
  #last = 0;
  /** What was acknowledged, and what it had tried to: nobody knows of those between. */
  #acknowledged = 0;
  #attempted = 0;
  #running: Promise<void> = Promise.resolve();
  #problem: unknown;
  /** Streams that were opened. */
  streams = 0;

  constructor(options: ConsumerReaderOptions) {
    this.#options = options;
    this.name = options.name;
    this.reading = new Reading(`consumer ${options.name}`);
    this.#client = createClient(EventService, options.transport);
    this.#habits = options.habits;
  }

  /** Makes the consumer, at the beginning of the log, and reads until it is stopped. */
  async start(): Promise<void> {
    await this.#client.createConsumer({ consumer: this.name, start: { case: "fromStart", value: {} } });
    this.#running = this.#run();
  }

  /** From now on it acknowledges everything, beginning with what it had. */
  async settleDown(): Promise<void> {
    this.#habits = RELIABLE;
    await this.#acknowledgeLast();
  }

  async stop(): Promise<void> {
    this.#leaving.abort();
    await this.#running;
  }

  /** Throws what went wrong. */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  async #run(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      try {
        if (this.#habits.isThorough) await this.#acknowledgeLast();
        await this.#follow();
      } catch (error) {
        if (this.#leaving.signal.aborted) return;
        if (isRefusal(error)) {
          this.#problem = new Error(`consumer ${this.name}: ${error}`, { cause: error });
          return;
        }
        await wait(PAUSE);
      }
    }
  }

  /** Returns when it crashes; throws when the stream ends. */
  async #follow(): Promise<void> {
    const { random } = this.#options;
    const crash = new AbortController();
    const signal = AbortSignal.any([crash.signal, this.#leaving.signal]);
    try {
      for await (const { message } of this.#client.subscribe({ consumer: this.name }, { signal })) {
        if (message.case === "ready") this.#checkStart(Number(message.value.cursor));
        if (message.case !== "event") continue;
        this.reading.take([eventItem(message.value)], { isAccepted: true });
        this.#last = Number(message.value.cursor);
        if (random.chance(this.#habits.crashing)) return;
        if (random.chance(this.#habits.acknowledging)) await this.#acknowledge(this.#last);
      }
    } finally {
      crash.abort();
    }
    throw new Error("the stream ended without an error");
  }

  #checkStart(cursor: number): void {
    this.streams++;
    this.#last = cursor;
    if (cursor >= this.#acknowledged && cursor <= this.#attempted) return;
    const range = `${this.#acknowledged} to ${this.#attempted}`;
    throw new WrongStart(`its stream begins behind ${cursor}; it has acknowledged ${range}`);
  }

  async #acknowledgeLast(): Promise<void> {
    while (!this.#leaving.signal.aborted && this.#acknowledged < this.#last) {
      try {
        await this.#acknowledge(this.#last);
      } catch (error) {
        if (isRefusal(error)) throw error;
        await wait(PAUSE);
      }
    }
  }

  async #acknowledge(sequence: number): Promise<void> {
    this.#attempted = Math.max(this.#attempted, sequence);
    await this.#client.acknowledgeEvents({ consumer: this.name, cursor: String(sequence) });
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
  }
}

class WrongStart extends Error {}

/** True: not only the connection's or the process's end. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return true;
  return error.findDetails(ErrorInfoSchema).some(({ reason }) => reason !== "UNAVAILABLE");
}
