// stowage webhooks pause, resume and replay: deciding what is delivered.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Webhook, Webhook_State, WebhookSchema } from "../gen/stowage/v1/webhook_pb.ts";
import { textOf } from "./cell.ts";
import { printLines, printWholeJson } from "./print.ts";
import { formatQuantity } from "./readable.ts";
import { problemOf, type RemoteOptions } from "./remote-registry.ts";
import { parseTime } from "./time-option.ts";
import { askWebhook, type WebhookClient } from "./webhook-client.ts";
import { stateCell } from "./webhook-state.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Exactly one of the starts is given. */
export interface ReplayOptions extends RemoteOptions {
  readonly after?: string;
  readonly since?: string;
  readonly fromStart?: boolean;
  readonly skipWaiting?: boolean;
}

export async function pauseWebhook(world: World, name: string, options: RemoteOptions): Promise<void> {
  const { webhook } = await askWebhook(options, name, (client) => client.pauseWebhook({ name }));
  await tell(world, webhook, options);
}

export async function resumeWebhook(world: World, name: string, options: RemoteOptions): Promise<void> {
  const { webhook } = await askWebhook(options, name, (client) => client.resumeWebhook({ name }));
  await tell(world, webhook, options);
}

export async function replayWebhook(world: World, name: string, options: ReplayOptions): Promise<void> {
  const start = parseStart(options, world.now());
  const webhook = await askWebhook(options, name, (client) => replay(client, name, start));
  await tell(world, webhook, { ...options, isReplay: start.case !== "fromNow" });
}

async function replay(client: WebhookClient, name: string, start: ReplayStart): Promise<Webhook | undefined> {
  try {
    return (await client.replayWebhook({ name, start })).webhook;
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.reason !== "CURSOR_EXPIRED") throw error;
    const { oldest } = problem.metadata;
    const after = oldest === undefined ? "" : `, which is --after ${oldest}`;
    const message = `the events from there on were removed from the log; --from-start begins at the oldest that are kept${after}`;
    throw new CommandFailure(message, { cause: error });
  }
}

type ReplayStart = ReturnType<typeof parseStart>;

function parseStart({ after, since, fromStart, skipWaiting }: ReplayOptions, now: number) {
  if (after !== undefined) return { case: "afterCursor" as const, value: after.replace(/^#/, "") };
  if (since !== undefined)
    return {
      case: "fromTime" as const,
      value: timestampFromMs(parseTime(since, { option: "--since", now })),
    };
  if (fromStart === true) return { case: "fromStart" as const, value: {} };
  if (skipWaiting === true) return { case: "fromNow" as const, value: {} };
  const message = "say from where: --after CURSOR, --since TIME, --from-start or --skip-waiting";
  throw new CommandFailure(message, { exitCode: EXIT.usage });
}

interface Telling extends RemoteOptions {
  /** True: what was delivered is delivered again. */
  readonly isReplay?: boolean;
}

/** "Webhook scanner is paused, with 12 events after #30 to look through." */
async function tell(
  { out }: World,
  webhook: Webhook | undefined,
  { json, isReplay }: Telling,
): Promise<void> {
  if (webhook === undefined) throw new CommandFailure("the registry answered without a webhook");
  if (json === true) return await printWholeJson(out, WebhookSchema, webhook);
  const { name, state, lag, cursor } = webhook;
  const waiting = formatQuantity(lag, "event");
  const place = `${waiting} after #${cursor} to look through`;
  const lines = [
    ...(isReplay === true ? [`Replaying from after #${cursor}: ${waiting} to look through.`] : []),
    ...(isReplay === true && state === Webhook_State.ACTIVE
      ? []
      : [`Webhook ${name} is ${textOf(stateCell(webhook))}, with ${place}.`]),
  ];
  if (state === Webhook_State.DISABLED)
    lines.push("It is disabled in the configuration: nothing is delivered until it is enabled there.");
  await printLines(out, lines);
}
