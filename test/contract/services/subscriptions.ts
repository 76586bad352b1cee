// Subscriptions as a client reads them: step by step, until it leaves.
import assert from "node:assert/strict";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  SubscribeRequestSchema,
  SubscribeResponse,
} from "../../../src/gen/stowage/v1/event_service_pb.ts";
import type { Clients } from "./harness.ts";

export type Request = MessageInitShape<typeof SubscribeRequestSchema>;
export type Message = SubscribeResponse["message"];

export const FROM_START = { case: "fromStart", value: {} } as const;
export const FROM_SNAPSHOT = { case: "fromSnapshot", value: {} } as const;

export class Subscription {
  readonly #messages: AsyncIterator<SubscribeResponse>;
  readonly #leave = new AbortController();

  constructor({ events }: Clients, request: Request) {
    const stream = events.subscribe(request, { signal: this.#leave.signal });
    this.#messages = stream[Symbol.asyncIterator]();
  }

  /** What comes next, keepalives aside. */
  async next(): Promise<Message> {
    for (;;) {
      const { value, done } = await this.#messages.next();
      assert.notEqual(done, true, "a subscription ends only with an error");
      if (value.message.case !== "keepalive") return value.message;
    }
  }

  /** Everything up to, and including, the first that is wanted. */
  async until(isWanted: (message: Message) => boolean): Promise<readonly Message[]> {
    const found: Message[] = [];
    for (;;) {
      const message = await this.next();
      found.push(message);
      if (isWanted(message)) return found;
    }
  }

  /** The next so many. */
  take(count: number): Promise<readonly Message[]> {
    let left = count;
    return this.until(() => --left === 0);
  }

  /** Waits until the stream has ended. */
  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#messages.next().catch(() => undefined);
  }
}

/** "ready 3", "event 4", "snapshotItem". */
export function outline(messages: readonly Message[]): string[] {
  return messages.map(({ case: kind, value }) =>
    value !== undefined && "cursor" in value ? `${kind} ${value.cursor}` : String(kind),
  );
}
