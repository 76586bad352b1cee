// A subscriber that begins with a snapshot and goes on with the events behind it.
import { EventReplay } from "../crash/event-replay.ts";
import { eventually } from "../support/eventually.ts";
import type { EventClient } from "./event-client.ts";

export class SnapshotReader {
  /** What exists by all that it was told. */
  readonly replay = new EventReplay();
  /** The cursor that the snapshot shows; empty while it is told. */
  snapshotCursor = "";
  readonly #leaving = new AbortController();
  readonly #reading: Promise<void>;
  #problem: unknown;

  private constructor(client: EventClient, consumer: string) {
    this.#reading = this.#read(client, consumer).catch((error: unknown) => {
      if (!this.#leaving.signal.aborted) this.#problem = error;
    });
  }

  /** Resolves when it was told the whole snapshot. `consumer`: as which it subscribes; absent: none. */
  static async begin(client: EventClient, consumer = ""): Promise<SnapshotReader> {
    const reader = new SnapshotReader(client, consumer);
    await reader.#until("the snapshot's end", () => reader.snapshotCursor !== "");
    return reader;
  }

  /** Resolves when it was told everything up to this cursor. */
  async upTo(cursor: string): Promise<void> {
    await this.#until(`cursor ${cursor}`, () => Number(this.replay.cursor) >= Number(cursor));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#reading;
  }

  async #read(client: EventClient, consumer: string): Promise<void> {
    const start = { case: "fromSnapshot", value: {} } as const;
    const { signal } = this.#leaving;
    let ready = "";
    for await (const { message } of client.subscribe({ start, consumer }, { signal })) {
      if (message.case === "ready") ready = message.value.cursor;
      if (message.case === "snapshotItem") this.#add(() => this.replay.begin(message.value));
      if (message.case === "event") this.replay.add(message.value);
      if (message.case !== "snapshotEnd") continue;
      const { cursor } = message.value;
      if (cursor !== ready) throw new Error(`the snapshot is of ${cursor}, and was announced as of ${ready}`);
      this.replay.continueBehind(cursor);
      this.snapshotCursor = cursor;
    }
  }

  #add(item: () => void): void {
    if (this.snapshotCursor !== "") throw new Error("an item of the snapshot came behind its end");
    item();
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const look = async () => {
      if (this.#problem !== undefined) throw this.#problem;
      return isSo() ? true : undefined;
    };
    await eventually(what, look, () => `(it is at "${this.replay.cursor}")`);
  }
}
