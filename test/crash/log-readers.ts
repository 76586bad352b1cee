// What tests of the event log's readers share: webhooks with short waits, and the comparison of what each reader had
// with the log.
import type { Event } from "../../src/gen/stowage/v1/event_pb.ts";
import { EventLogReader } from "../support/event-log.ts";
import { dockerItems, dueDockerItems, eventItem } from "./event-items.ts";
import { EventReceiver } from "./event-receiver.ts";
import type { DueItem, Reading } from "./reading.ts";
import { readSignedCloudEvents } from "./signed-cloud-events.ts";

/** Somebody who reads the log, be it a webhook's receiver or a consumer. */
export interface LogReader {
  readonly reading: Reading;
  /** Throws what it has noticed. */
  check(): void;
}

/** How receivers know that messages are meant for them. */
const SECRET = `whsec_${Buffer.from("of tests and nothing else").toString("base64")}`;

/** Waits that fit into the short life of a registry. */
const SHORT_WAITS = { timeout: "5s", threshold: 3, backoff: "10ms", maxbackoff: "200ms" };

/** A receiver of Docker's envelopes. */
export function dockerReceiver(name: string, answer?: () => number | "reset"): Promise<EventReceiver> {
  const read = ({ body }: { readonly body: string }) => dockerItems(body);
  return EventReceiver.start({ name, read, ...(answer !== undefined && { answer }) });
}

/** A receiver of signed CloudEvents. */
export function signedReceiver(name: string): Promise<EventReceiver> {
  return EventReceiver.start({ name, read: readSignedCloudEvents(SECRET) });
}

/** An element of notifications.endpoints. */
export function dockerEndpoint({ name, url }: EventReceiver, batch: number): object {
  return { name, url, batch, ...SHORT_WAITS };
}

/** An element of notifications.endpoints. */
export function signedEndpoint({ name, url }: EventReceiver, batch: number): object {
  return { name, url, batch, ...SHORT_WAITS, format: "cloudevents", signing: { secrets: [SECRET] } };
}

export function checkAll(readers: readonly LogReader[]): void {
  for (const reader of readers) reader.check();
}

/** The whole log; throws when something is missing in it. */
export async function readLog(url: string): Promise<readonly Event[]> {
  const log = await Array.fromAsync(new EventLogReader(url).after(""));
  log.forEach(({ cursor }, index) => {
    if (Number(cursor) !== index + 1) throw new Error(`in place ${index + 1} of the log is cursor ${cursor}`);
  });
  return log;
}

/** How many items each reader had more than once. Throws when one of them had not what it should. */
export function compare(
  log: readonly Event[],
  { docker, whole }: { readonly docker: readonly LogReader[]; readonly whole: readonly LogReader[] },
): ReadonlyMap<string, number> {
  const repeated = (readers: readonly LogReader[], due: readonly DueItem[]) =>
    readers.map(({ reading }) => [reading.reader, reading.repeated(due)] as const);
  return new Map([...repeated(docker, log.flatMap(dueDockerItems)), ...repeated(whole, log.map(eventItem))]);
}

/** In words, for those who watch the test. */
export function summary(log: readonly Event[], repeated: ReadonlyMap<string, number>): string {
  const counts = [...repeated].map(([reader, count]) => `${reader} ${count}`);
  return `${log.length} events; came again: ${counts.join(", ")}`;
}
