// Printing what a subscription tells: as JSON for programs, as lines for people.

import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../gen/stowage/v1/event_pb.ts";
import { SubscribeResponseSchema } from "../gen/stowage/v1/event_service_pb.ts";
import { EventLines } from "./event-line.ts";
import type { EventsOptions } from "./events-options.ts";
import type { Followed } from "./follow-events.ts";
import { printJson } from "./print.ts";
import { createView } from "./view.ts";
import type { World } from "./world.ts";

/** Resolves when it was taken by whoever reads the output. */
export type EventPrinter = (message: Followed) => Promise<void>;

export function createEventPrinter(world: World, options: EventsOptions): EventPrinter {
  return options.json === true ? jsonPrinter(world, options) : linePrinter(world);
}

/** Events stand alone. What belongs to a snapshot is a whole response, and so has another outermost member. */
function jsonPrinter({ out }: World, { snapshot }: EventsOptions): EventPrinter {
  let isInSnapshot = snapshot === true;
  return async (message) => {
    switch (message.case) {
      case "event":
        return await printJson(out, EventSchema, message.value);
      case "ready":
      case "snapshotItem":
      case "snapshotEnd":
        if (isInSnapshot)
          await printJson(out, SubscribeResponseSchema, create(SubscribeResponseSchema, { message }));
        if (message.case === "snapshotEnd") isInSnapshot = false;
        return;
      case "keepalive":
      case undefined:
        return;
      default:
        return message satisfies never;
    }
  };
}

function linePrinter(world: World): EventPrinter {
  const lines = new EventLines(createView(world));
  return async (message) => {
    const line = lineOf(lines, message);
    if (line !== undefined) await world.out.write(`${line}\n`);
  };
}

function lineOf(lines: EventLines, message: Followed): string | undefined {
  switch (message.case) {
    case "event":
      return lines.event(message.value);
    case "snapshotItem":
      return lines.item(message.value);
    case "snapshotEnd":
      return lines.snapshotEnd(message.value.cursor);
    case "ready":
    case "keepalive":
    case undefined:
      return undefined;
    default:
      return message satisfies never;
  }
}
