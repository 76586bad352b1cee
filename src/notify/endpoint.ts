// One webhook at work: it takes its next events from the log, posts them, and moves
// on once they are delivered or given up. Strictly in order, one POST at a time, and
// independent of all other webhooks. Whoever steers it changes its state in memory
// and interrupts it; it looks at its state anew after every wait.

import { setImmediate as others } from "node:timers/promises";
import type { WebhookConfig } from "../config/webhook.ts";
import type { EventLog } from "../core/events.ts";
import type { DeadLetterRecord, WebhookFailure } from "../metadata/records.ts";
import type { Attempt, Courier, Events, FailedDelivery } from "./courier.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventPicker, Picked } from "./event-picker.ts";
import { Lane } from "./lane.ts";
import type { FailureLog } from "./notifier-log.ts";
import { delivered, failed, gaveUp, missed, placed, skippedTo, withPause } from "./progress.ts";
import { giveUpReason, retryWaitMs } from "./retry-policy.ts";
import { aborted, type Wait } from "./waits.ts";
import { SAVE_INTERVALS, type WebhookState } from "./webhook-state.ts";

export interface EndpointParts {
  readonly options: WebhookConfig;
  readonly state: WebhookState;
  readonly events: EventLog;
  readonly picker: EventPicker;
  readonly courier: Courier;
  readonly letters: DeadLetters;
  readonly log: FailureLog;
  readonly now: () => number;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly wait: Wait;
}

export class Endpoint {
  readonly #parts: EndpointParts;
  /** One POST at a time; redelivered dead letters take turns with the log. */
  readonly posts = new Lane();
  readonly #breakOff = new AbortController();
  #interrupt = new AbortController();
  /** Counts replays: what began before one does not move the place that it set. */
  #replays = 0;
  /** How many events go into the next POST at most: one after a failure, then more and more again. */
  #size: number;
  /** How long to wait before anything else, in milliseconds. */
  #waitMs: number;
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(parts: EndpointParts) {
    const { options, state, now } = parts;
    const { failure } = state.record;
    this.#parts = parts;
    this.#size = failure === undefined ? options.batch : 1;
    // A clock that was set back meanwhile must not make it wait for ever.
    const due = (failure?.nextAttemptTime ?? 0) - now();
    this.#waitMs = Math.min(due, Math.max(options.backoffMs, options.maxBackoffMs));
  }

  /** Asking twice is asking once. */
  begin(): void {
    if (!this.#parts.options.disabled) this.#running ??= this.#run();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Aborted when POSTs under way must end. */
  get breakOff(): AbortSignal {
    return this.#breakOff.signal;
  }

  /** Resolves when it is durable. An attempt under way is completed. */
  async pause(): Promise<void> {
    this.#parts.state.update((record) => withPause(record, true));
    this.#ring();
    await this.#parts.state.save();
  }

  /** Ends a wait after a failure, too. */
  async resume(): Promise<void> {
    this.#parts.state.update((record) => withPause(record, false));
    this.#waitMs = 0;
    this.#ring();
    await this.#parts.state.save();
  }

  /** Goes on behind this event, forwards or backwards. Resolves when it is durable. */
  async replay(sequence: number): Promise<void> {
    this.#replays++;
    this.#size = this.#parts.options.batch;
    this.#waitMs = 0;
    this.#parts.state.update((record) => placed(record, sequence));
    this.#ring();
    await this.#parts.state.save();
  }

  /** Begins nothing new; a POST under way has `graceMs` to finish. Saves. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#ring();
    const timer = setTimeout(() => this.#breakOff.abort(), graceMs);
    await this.#running;
    await this.posts.idle();
    clearTimeout(timer);
    this.#breakOff.abort();
    await this.#parts.courier.close();
    await this.#parts.state.close();
  }

  #ring(): void {
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
  }

  async #run(): Promise<void> {
    const { log, wait, options, random } = this.#parts;
    for (let stumbles = 0; !this.#isClosed; ) {
      const { signal } = this.#interrupt;
      try {
        await this.#step(signal);
        stumbles = 0;
      } catch (error) {
        log.stumbled(error);
        await wait(retryWaitMs(options, { attempts: ++stumbles, random: random() }), signal);
      }
    }
  }

  /** Whatever it waits for ends when the signal is aborted; then nothing it had found counts. */
  async #step(signal: AbortSignal): Promise<void> {
    const { state, picker, wait } = this.#parts;
    if (state.record.paused) return aborted(signal);
    if (this.#waitMs > 0) await wait(this.#waitMs, signal);
    this.#waitMs = 0;
    if (signal.aborted) return;
    const picked = await picker.pick(state.record.sequence, this.#size);
    if (signal.aborted) return;
    this.#skip(picked);
    const [first, ...more] = picked.events;
    if (first === undefined) return this.#rest(signal);
    await this.posts.run(() => this.#deliver([first, ...more], picked.last, signal));
  }

  #skip({ removedUpTo, from }: Picked): void {
    const { state, log } = this.#parts;
    if (removedUpTo !== undefined) {
      log.missed(removedUpTo - state.record.sequence);
      state.update((record) => missed(record, removedUpTo));
      state.saveSoon(SAVE_INTERVALS.delivering);
    }
    if (from > state.record.sequence) {
      state.update((record) => skippedTo(record, from));
      state.saveSoon(SAVE_INTERVALS.skipping);
    }
  }

  /** There was nothing to deliver: waits for more, or lets others have their turn before it looks on. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { state, events } = this.#parts;
    const { sequence } = state.record;
    if (sequence < events.lastSequence()) await others();
    else await events.waitBehind(sequence, { signal });
  }

  async #deliver(events: Events, last: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return; // it was steered while it waited for its turn
    const { state, courier } = this.#parts;
    const replays = this.#replays;
    const attempt = (state.record.failure?.attempts ?? 0) + 1;
    state.counts.takeUp(events);
    const result = await courier.deliver(events, { attempt, signal: this.breakOff });
    if (result.kind === "cancelled") return;
    state.noteDelivery(result.delivery);
    const isCurrent = () => this.#replays === replays;
    if (result.kind === "delivered") this.#succeed({ count: events.length, last, isCurrent });
    else if (isCurrent()) await this.#fail(events, result, isCurrent);
    else state.update((record) => failed(record));
  }

  #succeed({ count, last, isCurrent }: { count: number; last: number; isCurrent: () => boolean }): void {
    const { state, events, log, now, options } = this.#parts;
    const time = now();
    state.update((record) => delivered(record, { count, time, ...(isCurrent() && { last }) }));
    log.succeeded(time);
    this.#size = Math.min(this.#size * 2, options.batch);
    const isCaughtUp = state.record.sequence >= events.lastSequence();
    state.saveSoon(isCaughtUp ? SAVE_INTERVALS.caughtUp : SAVE_INTERVALS.delivering);
  }

  async #fail(
    events: Events,
    { delivery, retryAfterMs }: Extract<Attempt, { readonly kind: "failed" }>,
    isCurrent: () => boolean,
  ): Promise<void> {
    const { state, log, options, now, random } = this.#parts;
    const { attempt: attempts } = delivery;
    const waitMs = retryWaitMs(options, { attempts, retryAfterMs, random: random() });
    const failure = failureOf(delivery, {
      since: state.record.failure?.since,
      nextAttemptTime: now() + waitMs,
    });
    this.#size = 1;
    this.#waitMs = waitMs;
    state.update((record) => failed(record, failure));
    state.saveSoon(SAVE_INTERVALS.delivering);
    const reason = giveUpReason(options.giveUp, failure, now());
    // Among several events nobody knows which one it is: they go one by one first.
    if (reason === undefined || events.length > 1) return log.failed(failure);
    const [{ sequence, event }] = events;
    await this.#putAside({ sequence, event, time: now(), ...lastWords(failure) }, isCurrent);
    log.gaveUp({ sequence, reason }, failure);
    // A receiver that refuses an event may well take the next one; one that is not there will not be there yet.
    this.#waitMs = reason === "status" ? 0 : retryWaitMs(options, { attempts: 1, random: random() });
  }

  async #putAside(letter: DeadLetterRecord, isCurrent: () => boolean): Promise<void> {
    const { state, letters, log } = this.#parts;
    const count = await letters.add(letter, (changes, dropped) =>
      state.saveWith(
        (record) => gaveUp(record, { dropped, ...(isCurrent() && { last: letter.sequence }) }),
        changes,
      ),
    );
    if (count > 0) log.dropped(count);
  }
}

function failureOf(
  { time, attempt, status, error }: FailedDelivery,
  { since = time, nextAttemptTime }: { since?: number | undefined; nextAttemptTime: number },
): WebhookFailure {
  // A clock that was set back must not make it young for longer than it takes again.
  return {
    attempts: attempt,
    since: Math.min(since, time),
    nextAttemptTime,
    ...(status !== undefined && { status }),
    error,
  };
}

function lastWords({ attempts, status, error }: WebhookFailure) {
  return { attempts, ...(status !== undefined && { status }), error };
}
