// What the operator reads about webhooks: fixed messages and fields. Neither headers
// nor keys nor a URL's secrets ever stand in them.
import type { WebhookFailure } from "../metadata/records.ts";
import type { GiveUpReason } from "./retry-policy.ts";

export interface NotifierLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Failures in a row, also of several events, until a delivery goes well. */
interface Run {
  attempts: number;
  readonly since: number;
}

/** Tells of one webhook's failures: the first, the one that makes waits grow, the end of it; not of each. */
export class FailureLog {
  readonly #log: NotifierLog;
  readonly #webhook: { readonly name: string; readonly threshold: number };
  #run: Run | undefined;

  /** `failure`: what was wrong when the process ended. */
  constructor(
    log: NotifierLog,
    webhook: { readonly name: string; readonly threshold: number },
    failure?: WebhookFailure,
  ) {
    this.#log = log;
    this.#webhook = webhook;
    this.#run = failure && { attempts: failure.attempts, since: failure.since };
  }

  failed(failure: WebhookFailure): void {
    const { name: webhook, threshold } = this.#webhook;
    const attempts = this.#count(failure);
    const { error, status, nextAttemptTime } = failure;
    const fields = { webhook, attempts, error, ...(status !== undefined && { status }) };
    if (attempts === 1) this.#log.warn(fields, "a webhook delivery failed; it will be tried again");
    if (attempts !== threshold) return;
    const next = new Date(nextAttemptTime).toISOString();
    this.#log.warn({ ...fields, next }, "a webhook keeps failing; further attempts wait longer each time");
  }

  succeeded(time: number): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const fields = { webhook: this.#webhook.name, failures: run.attempts, failing_ms: time - run.since };
    this.#log.info(fields, "a webhook that failed delivers again");
  }

  /** Instead of `failed`, for the last attempt at an event. */
  gaveUp(
    { sequence: cursor, reason }: { readonly sequence: number; readonly reason: GiveUpReason },
    failure: WebhookFailure,
  ): void {
    if (reason !== "status") this.#count(failure); // a receiver that refuses an event does not fail
    const { attempts, error, status } = failure;
    const fields = { webhook: this.#webhook.name, cursor, reason, attempts, error };
    this.#log.error(
      { ...fields, ...(status !== undefined && { status }) },
      "an event was put aside among the webhook's dead letters",
    );
  }

  #count({ since }: WebhookFailure): number {
    this.#run ??= { attempts: 0, since };
    return ++this.#run.attempts;
  }

  dropped(count: number): void {
    const fields = { webhook: this.#webhook.name, count };
    this.#log.warn(fields, "the oldest dead letters of the webhook made room for new ones");
  }

  missed(count: number): void {
    const fields = { webhook: this.#webhook.name, count };
    this.#log.warn(fields, "events were removed from the log before they could be delivered to the webhook");
  }

  /** Retention removed what it has not had while it was paused or failing. */
  overtaken(count: number): void {
    const fields = { webhook: this.#webhook.name, count };
    this.#log.warn(fields, "events that wait for a webhook which does not deliver were removed from the log");
  }

  stumbled(error: unknown): void {
    const fields = { webhook: this.#webhook.name, err: error };
    this.#log.error(fields, "delivering to the webhook stumbled; it will be tried again");
  }
}
