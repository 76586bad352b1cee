// stowage webhooks dead-letters: the events that a webhook gave up.

import {
  DeleteDeadLettersResponseSchema,
  RedeliverDeadLettersResponseSchema,
} from "../gen/stowage/v1/notification_service_pb.ts";
import { type DeadLetter, DeadLetterSchema } from "../gen/stowage/v1/webhook_pb.ts";
import type { Cell } from "./cell.ts";
import { eventDetails, eventPlace } from "./event-details.ts";
import { kindName } from "./event-line.ts";
import { printJson, printLines, printWholeJson } from "./print.ts";
import { formatCount, formatQuantity } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { tableLines } from "./table.ts";
import { timeCell } from "./time-cell.ts";
import { createView, type View } from "./view.ts";
import { askWebhook, type WebhookClient } from "./webhook-client.ts";
import { formatOutcome } from "./webhook-state.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

/** Which dead letters; no ids: all of them. */
export interface DeadLetterChoice {
  readonly name: string;
  readonly ids: readonly string[];
}

export interface DiscardOptions extends RemoteOptions {
  readonly all?: boolean;
}

export async function listDeadLetters(world: World, name: string, options: RemoteOptions): Promise<void> {
  await askWebhook(options, name, async (client) => {
    const letters = readDeadLetters(client, name);
    if (options.json === true) {
      for await (const letter of letters) await printJson(world.out, DeadLetterSchema, letter);
      return;
    }
    const all = await Array.fromAsync(letters);
    const none = [`Webhook ${name} has given up no events, or they are dealt with.`];
    await printLines(world.out, all.length === 0 ? none : deadLetterLines(createView(world), all));
  });
}

async function* readDeadLetters(client: WebhookClient, name: string): AsyncGenerator<DeadLetter> {
  let pageToken = "";
  do {
    const page = await client.listDeadLetters({ name, pageSize: 1000, pageToken });
    yield* page.deadLetters;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** The table of dead letters. */
export function deadLetterLines(view: View, letters: readonly DeadLetter[]): string[] {
  const columns = [
    { title: "ID", alignRight: true },
    { title: "GIVEN UP" },
    { title: "ATTEMPTS", alignRight: true },
    { title: "LAST ANSWER", cut: "end" as const },
    { title: "KIND" },
    { title: "REPOSITORY", cut: "middle" as const },
    { title: "", canGo: true },
  ];
  const rows = letters.map((letter): Cell[] => [
    letter.deadLetterId,
    timeCell(view, letter.time),
    formatCount(letter.attempts),
    { text: formatOutcome(letter), style: "red" },
    ...eventCells(letter),
  ]);
  return tableLines(view, columns, rows);
}

function eventCells({ event }: DeadLetter): Cell[] {
  return event === undefined ? [] : [kindName(event), eventPlace(event), eventDetails(event.kind)];
}

/** Throws CommandFailure when one could not be delivered. */
export async function redeliverDeadLetters(
  world: World,
  choice: DeadLetterChoice,
  options: RemoteOptions,
): Promise<void> {
  const { name } = choice;
  const request = { name, deadLetterIds: choice.ids.map(withoutMark) };
  const answer = await askWebhook(options, name, (client) => client.redeliverDeadLetters(request));
  const { delivered, remaining, error } = answer;
  if (options.json === true) await printWholeJson(world.out, RedeliverDeadLettersResponseSchema, answer);
  else
    await printLines(world.out, [
      `${formatQuantity(delivered, "event")} delivered, ${formatCount(remaining)} left.`,
    ]);
  if (error !== "") throw new CommandFailure(`webhook ${name} failed again: ${error}`);
}

/** Throws CommandFailure unless either ids are given or all are meant. */
export async function discardDeadLetters(
  world: World,
  { name, ids }: DeadLetterChoice,
  { all, ...options }: DiscardOptions,
): Promise<void> {
  if (ids.length > 0 === (all === true)) {
    const message = "say what to forget: ids as the list shows them, or --all";
    throw new CommandFailure(message, { exitCode: EXIT.usage });
  }
  const request = { name, deadLetterIds: ids.map(withoutMark) };
  const answer = await askWebhook(options, name, (client) => client.deleteDeadLetters(request));
  if (options.json === true) await printWholeJson(world.out, DeleteDeadLettersResponseSchema, answer);
  else await printLines(world.out, [`${formatQuantity(answer.deleted, "event")} forgotten.`]);
}

/** Elsewhere a cursor is shown as "#123". */
function withoutMark(id: string): string {
  return id.replace(/^#/, "");
}
