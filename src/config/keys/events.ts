// The events section: what is recorded, and how long it is kept.

import { z } from "zod";
import { acts, DURATION, duration, FLAG, flag } from "../key.ts";

export const eventKeys = {
  "events.pulls.enabled": acts({
    schema: flag,
    type: FLAG,
    default: true,
    meaning: "Whether pulls of manifests are recorded as events.",
  }),
  "events.pulls.head": acts({
    schema: flag,
    type: FLAG,
    default: false,
    meaning: "Whether asking for a manifest without its content (HEAD) is a pull too.",
  }),
  "events.retention.age": acts({
    schema: duration,
    type: DURATION,
    default: "720h",
    meaning: "How long events are kept. `0` sets no limit.",
  }),
  "events.retention.count": acts({
    schema: z.int().min(0),
    type: "a whole number, at least 0",
    default: 10_000_000,
    meaning: "The most events that are kept; the oldest go first. `0` sets no limit.",
  }),
  "events.retention.hold": acts({
    schema: duration,
    type: DURATION,
    default: "720h",
    meaning:
      "How much longer than `age` events are kept for a webhook or a named consumer that has not had them yet. `0`: no longer.",
  }),
} as const;
