// A webhook's receiver that keeps what it is told, can go away and come back, and answers as it was told to.
import { type Answer, type ReceivedRequest, WebhookReceiver } from "../support/webhook-receiver.ts";
import { type Item, Reading } from "./reading.ts";

export interface EventReceiverOptions {
  /** The webhook's name. */
  readonly name: string;
  /** What a request tells. Throws when it is not what it should be. */
  readonly read: (request: ReceivedRequest) => readonly Item[];
  /** A status, or the connection breaks. Absent: every request gets a 200. */
  readonly answer?: () => number | "reset";
}

export class EventReceiver {
  readonly name: string;
  readonly reading: Reading;
  readonly url: string;
  readonly #options: EventReceiverOptions;
  #receiver: WebhookReceiver | undefined;
  #problem: unknown;

  private constructor(options: EventReceiverOptions, receiver: WebhookReceiver) {
    this.name = options.name;
    this.reading = new Reading(`webhook ${options.name}`);
    this.url = receiver.url;
    this.#options = options;
    this.#receiver = receiver;
    receiver.answer = this.#answer;
  }

  static async start(options: EventReceiverOptions): Promise<EventReceiver> {
    return new EventReceiver(options, await WebhookReceiver.start());
  }

  get isThere(): boolean {
    return this.#receiver !== undefined;
  }

  /** Nobody listens any more. */
  async leave(): Promise<void> {
    await this.#receiver?.close();
    this.#receiver = undefined;
  }

  /** Listens again where it did. */
  async comeBack(): Promise<void> {
    this.#receiver ??= await WebhookReceiver.start(this.#answer, Number(new URL(this.url).port));
  }

  /** Throws what was wrong with a request. */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  readonly #answer: Answer = (request) => {
    const answer = this.#options.answer?.() ?? 200;
    try {
      this.reading.take(this.#options.read(request), { isAccepted: answer === 200 });
    } catch (cause) {
      this.#problem ??= new Error(`webhook ${this.name} was sent ${request.body}`, { cause });
    }
    return answer;
  };
}
