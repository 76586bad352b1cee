// The notifications section: webhooks.
import { z } from "zod";
import { effectiveTree } from "../effective-tree.ts";
import { acts, FLAG, flag } from "../key.ts";
import { isRawMap } from "../raw-tree.ts";
import { readEndpoints } from "../read-endpoints.ts";
import { readTable } from "../read-table.ts";
import { ENDPOINT } from "./endpoint.ts";

const endpoints = z.array(z.unknown()).transform((entries, context) => {
  const { endpoints: read, problems } = readEndpoints(entries);
  for (const { path, message } of problems)
    context.addIssue({ code: "custom", path: [...path], params: { message } });
  return read;
});

const show = (given: unknown) =>
  Array.isArray(given)
    ? given.filter(isRawMap).map((entry) => effectiveTree(ENDPOINT, readTable(ENDPOINT, entry).given))
    : [];

export const notificationKeys = {
  "notifications.events.includereferences": acts({
    schema: flag,
    type: FLAG,
    default: false,
    alias: "REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES",
    meaning: "Whether events about manifests that are sent to webhooks list what the manifest refers to.",
  }),
  "notifications.endpoints": acts({
    schema: endpoints,
    type: "a list of endpoints",
    default: [],
    below: "tree",
    elements: ENDPOINT,
    secret: true,
    show,
    meaning: "Webhooks: where events are delivered to. What may stand in each is in the table below.",
  }),
} as const;
