// What an event tells of other repositories than its own is left out where the
// reader may not see those.
import type { Sight } from "../core/event-filter.ts";
import type { EventFact, EventRecord } from "../core/events.ts";

/** The same delivery, or one that does not name what is out of sight. */
export function inSight<D extends object>(delivery: D, sight: Sight | undefined): D {
  if (sight === undefined || !("event" in delivery)) return delivery;
  const event = delivery.event as EventRecord; // every delivery with an event has this one
  const fact = withoutSource(event.fact, sight);
  return fact === event.fact ? delivery : { ...delivery, event: { ...event, fact } };
}

function withoutSource(fact: EventFact, sight: Sight): EventFact {
  if (fact.kind !== "blob_mounted" || fact.fromRepository === undefined || sight(fact.fromRepository))
    return fact;
  const { fromRepository: _unseen, ...rest } = fact;
  return rest;
}
