// One reader of the event log, from its first message to its last. While it waits
// or its client is slow it holds no more than one small batch, and while it has
// much to catch up it lets others in between.
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { Audience } from "./audience.ts";
import type { Bell } from "./bell.ts";
import type { Delivery, EventLog, SubscriptionRequest } from "./events.ts";
import { snapshotItems } from "./snapshot-items.ts";
import { DEFAULT_SNAPSHOT_LIMITS, SnapshotLease, type SnapshotLimits } from "./snapshot-lease.ts";
import type { Pace } from "./turns.ts";

export interface SubscriptionParts {
  readonly log: EventLog;
  readonly metadata: MetadataStore;
  readonly bell: Bell;
  readonly audience: Audience;
  /** The subscription's own. */
  readonly pace: Pace;
  readonly snapshotLimits?: SnapshotLimits;
}

type Deliveries<Result> = AsyncGenerator<Delivery, Result, undefined>;

/** How many events are read from the log at once: each of a thousand slow readers holds so many. */
const BATCH = 64;

/** See EventLog.subscribe. One flat loop: each generator inside another would cost every delivery some microseconds. */
export async function* subscription(
  parts: SubscriptionParts,
  { start, filter, signal, keepaliveMs }: SubscriptionRequest,
): Deliveries<void> {
  const { log, pace } = parts;
  using ear = parts.bell.listen(signal);
  using _seat = parts.audience.enter();
  let sequence: number;
  if (start.kind === "snapshot") {
    sequence = yield* tellSnapshot(parts, { filter, signal, keepaliveMs });
    if (!signal.aborted) yield { kind: "snapshot_end", sequence };
  } else {
    sequence = await log.resolve(start);
    yield { kind: "ready", sequence };
  }
  let due = performance.now() + keepaliveMs;
  while (!signal.aborted) {
    const batch = await log.readOn(sequence, BATCH);
    for (const { sequence: at, event } of batch) {
      if (signal.aborted) return;
      sequence = at;
      if (filter.passes(event)) {
        yield { kind: "event", sequence, event };
        due = performance.now() + keepaliveMs;
      }
      if (pace.isSpent) await pace.next();
    }
    if (batch.length === 0) {
      await ear.wait(sequence, due - performance.now());
      pace.restart();
    }
    if (performance.now() < due || signal.aborted) continue;
    yield { kind: "keepalive", sequence };
    due = performance.now() + keepaliveMs;
  }
}

/** `ready` and all that exists. Returns the sequence behind which the events follow. */
async function* tellSnapshot(
  { metadata, pace, snapshotLimits = DEFAULT_SNAPSHOT_LIMITS }: SubscriptionParts,
  { filter, signal, keepaliveMs }: Omit<SubscriptionRequest, "start">,
): Deliveries<number> {
  await using lease = await SnapshotLease.take(metadata, snapshotLimits);
  const { snapshot } = lease;
  const sequence = snapshot.lastSequence;
  yield { kind: "ready", sequence };
  let due = performance.now() + keepaliveMs;
  for await (const page of lease.guard(snapshotItems(snapshot, filter))) {
    for (const item of page) {
      if (signal.aborted) return sequence;
      lease.renew();
      yield { kind: "snapshot_item", item };
      due = performance.now() + keepaliveMs;
      if (pace.isSpent) await pace.next();
    }
    if (signal.aborted) return sequence;
    lease.renew();
    if (performance.now() < due) continue;
    yield { kind: "keepalive" };
    due = performance.now() + keepaliveMs;
  }
  return sequence;
}
