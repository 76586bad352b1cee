// How a webhook is configured, in labelled lines; what is not set is left out.
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { WebhookFilter, WebhookSettings } from "../gen/stowage/v1/webhook_pb.ts";
import { formatDuration, formatQuantity } from "./readable.ts";
import { blockLines } from "./table.ts";
import type { View } from "./view.ts";

type Entry = [label: string, text: string];

export function settingsLines(view: View, settings: WebhookSettings): string[] {
  const entries: Entry[] = [
    ["Format", `${settings.format}, at most ${formatQuantity(settings.batch, "event")} in a POST`],
    ["Timeout", span(settings.timeout)],
    ["Retries", retries(settings)],
    ["Gives up", givesUp(settings)],
    ["Signature", settings.signingKeys === 0 ? "none" : formatQuantity(settings.signingKeys, "key")],
    ["Headers", settings.headerNames.join(", ")],
    ["Ignores", [...settings.ignoredMediaTypes, ...settings.ignoredActions].join(", ")],
    ...filterEntries(settings.filter),
  ];
  return blockLines(
    view,
    entries.filter(([, text]) => text !== ""),
  );
}

function span(duration: Duration | undefined): string {
  return duration === undefined ? "" : formatDuration(durationMs(duration));
}

function retries({ backoff, threshold, maxBackoff }: WebhookSettings): string {
  const longest = span(maxBackoff);
  return [
    `after ${span(backoff)}`,
    `from failure ${threshold + 1} on longer each time`,
    ...(longest === "" ? [] : [`${longest} at most`]),
  ].join(", ");
}

function givesUp({ giveUpAttempts, giveUpAge, giveUpStatuses }: WebhookSettings): string {
  const reasons = [
    ...(giveUpAttempts === 0 ? [] : [`after ${formatQuantity(giveUpAttempts, "attempt")}`]),
    ...(giveUpAge === undefined ? [] : [`after ${span(giveUpAge)}`]),
    ...(giveUpStatuses.length === 0 ? [] : [`at once on ${giveUpStatuses.join(", ")}`]),
  ];
  return reasons.length === 0 ? "never" : reasons.join("; ");
}

function filterEntries(filter: WebhookFilter | undefined): Entry[] {
  if (filter === undefined) return [];
  return [
    ["Repositories", filter.repositories.join(", ")],
    ["Kinds", filter.kinds.join(", ")],
    ["Media types", filter.mediaTypes.join(", ")],
    ["Artifact types", filter.artifactTypes.join(", ")],
    ["Tags", filter.tags.join(", ")],
  ];
}
