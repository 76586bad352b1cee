// Tries dead letters once more: oldest first, each once, up to the first that fails.
import type { LoggedEvent } from "../metadata/metadata-store.ts";
import type { DeadLetterRecord, EventRecord } from "../metadata/records.ts";
import { RegistryError } from "../oci/errors.ts";
import type { Attempt, Courier } from "./courier.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Endpoint } from "./endpoint.ts";
import { delivered, failed } from "./progress.ts";
import type { WebhookState } from "./webhook-state.ts";

export interface RedeliveryParts {
  readonly endpoint: Endpoint;
  readonly letters: DeadLetters;
  readonly courier: Courier;
  readonly state: WebhookState;
  readonly now: () => number;
  /** Whether the webhook's messages have a form for the event. */
  readonly hasForm: (event: EventRecord) => boolean;
}

export interface Redelivery {
  readonly delivered: number;
  /** How many dead letters the webhook has now. */
  readonly remaining: number;
  /** Why it stopped. Absent: nothing failed. */
  readonly error?: string;
}

export interface RedeliveryRequest {
  /** Only these; none: all. */
  readonly ids: readonly string[];
  /** Aborted when nobody waits for the answer any more: no further one is tried. */
  readonly signal: AbortSignal;
}

/** Throws DEAD_LETTER_UNKNOWN before anything is tried; UNAVAILABLE when the notifier is closed meanwhile. */
export async function redeliver(
  parts: RedeliveryParts,
  { ids, signal }: RedeliveryRequest,
): Promise<Redelivery> {
  const { letters, endpoint } = parts;
  const chosen = ids.length === 0 ? allLetters(letters) : await letters.resolve(ids);
  let count = 0;
  let error: string | undefined;
  for await (const sequence of chosen) {
    // Also asked when its turn comes: a delivery that hangs may take it long.
    const outcome = await endpoint.posts.run(async () =>
      signal.aborted ? undefined : tryAgain(parts, sequence),
    );
    if (outcome === undefined) break;
    if (outcome.kind === "delivered") count++;
    if (outcome.kind !== "failed") continue;
    error = outcome.error;
    break;
  }
  return { delivered: count, remaining: await letters.count(), ...(error !== undefined && { error }) };
}

/** Those that are there now and, as letters behind the last one may be added meanwhile, none that comes later. */
async function* allLetters(letters: DeadLetters): AsyncGenerator<number, void, undefined> {
  const newest = await letters.newest();
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page = await letters.list({ limit: 100, ...(after !== "" && { after }) });
    for (const { sequence } of page.letters) {
      if (sequence > newest) return;
      yield sequence;
    }
    after = page.next;
  }
}

type Outcome = { readonly kind: "delivered" | "gone" } | { readonly kind: "failed"; readonly error: string };

async function tryAgain(parts: RedeliveryParts, sequence: number): Promise<Outcome> {
  const { endpoint, letters, courier, hasForm } = parts;
  if (endpoint.isClosed) throw closing();
  const letter = await letters.get(sequence);
  if (letter === undefined) return { kind: "gone" };
  if (!hasForm(letter.event)) {
    const error = `the webhook's format has no form for ${letter.event.fact.kind}`;
    return { kind: "failed", error: `dead letter ${sequence}: ${error}` };
  }
  const logged: LoggedEvent = { sequence, event: letter.event };
  const options = { attempt: letter.attempts + 1, signal: endpoint.breakOff };
  const attempt = await courier.deliver([logged], options);
  if (attempt.kind === "cancelled") throw closing();
  await note(parts, letter, attempt);
  return attempt.kind === "failed" ? { kind: "failed", error: attempt.delivery.error } : attempt;
}

/** Durable before the next one is tried: a crash must not make a delivered one a dead letter again. */
async function note(
  { letters, state, now }: RedeliveryParts,
  letter: DeadLetterRecord,
  attempt: Exclude<Attempt, { readonly kind: "cancelled" }>,
): Promise<void> {
  state.noteDelivery(attempt.delivery);
  if (attempt.kind === "delivered") {
    await letters.remove([letter.sequence], (changes) =>
      state.saveWith((record) => delivered(record, { count: 1, time: now() }), changes),
    );
    return;
  }
  const { attempt: attempts, status, error } = attempt.delivery;
  const { sequence, event, time } = letter;
  const tried = { sequence, event, time, attempts, ...(status !== undefined && { status }), error };
  await letters.replace(tried, (changes) => state.saveWith((record) => failed(record), changes));
}

function closing(): RegistryError {
  return new RegistryError("UNAVAILABLE", {}, { message: "the registry is shutting down" });
}
