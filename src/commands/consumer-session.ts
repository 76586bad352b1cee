// A named consumer while somebody follows as it: what was taken is acknowledged
// in batches, so that the registry does not write for each event.
import type { Client } from "@connectrpc/connect";
import type { EventService } from "../gen/stowage/v1/event_service_pb.ts";

/** How long what was taken may wait to be acknowledged, in milliseconds. */
const BATCH_MS = 1000;

/** How long the last acknowledgement may take, in milliseconds: somebody pressed Ctrl-C. */
const LAST_MS = 5000;

export class ConsumerSession {
  readonly name: string;
  readonly #client: Client<typeof EventService>;
  readonly #batchMs: number;
  #reached: string | undefined;
  #acknowledged: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    client: Client<typeof EventService>,
    { name, batchMs = BATCH_MS }: { readonly name: string; readonly batchMs?: number },
  ) {
    this.#client = client;
    this.name = name;
    this.#batchMs = batchMs;
  }

  /** Everything up to the cursor was taken; acknowledged soon. */
  reach(cursor: string): void {
    this.#reached = cursor;
    if (this.#isBehind)
      this.#timer ??= setTimeout(() => void this.#acknowledgeInTime(), this.#batchMs).unref();
  }

  /** Acknowledges what was taken, if there is anything. Throws ConnectError. */
  async acknowledge(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const cursor = this.#reached;
    if (cursor === undefined || !this.#isBehind) return;
    await this.#client.acknowledgeEvents({ consumer: this.name, cursor }, { signal });
    this.#acknowledged = cursor;
  }

  /** Acknowledges what is left and rests. Throws ConnectError when that does not work within seconds. */
  async finish(): Promise<void> {
    await this.acknowledge(AbortSignal.timeout(LAST_MS));
  }

  get #isBehind(): boolean {
    return this.#reached !== this.#acknowledged;
  }

  async #acknowledgeInTime(): Promise<void> {
    try {
      await this.acknowledge(AbortSignal.timeout(LAST_MS));
    } catch {
      // Nothing is lost: it is acknowledged later, or comes again. What does not pass ends the subscription too.
      if (this.#reached !== undefined) this.reach(this.#reached);
    }
  }
}
