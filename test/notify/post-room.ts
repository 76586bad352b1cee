// A notifier over a real catalogue and event log, with a clock of its own. Its waits
// take no time: they move the clock, unless a test holds them.
import { setImmediate as turn } from "node:timers/promises";
import { v7 } from "uuid";
import type { WebhookConfig } from "../../src/config/webhook.ts";
import { EventLog } from "../../src/core/events.ts";
import { Catalogue, type CatalogueOptions } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { openMemoryEngine } from "../../src/metadata/memory-engine.ts";
import type { EventFact, EventRecord } from "../../src/metadata/records.ts";
import { Notifier } from "../../src/notify/notifier.ts";
import { aborted } from "../../src/notify/waits.ts";
import type { WebhookStatus } from "../../src/notify/webhook-status.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_IMAGE_MANIFEST } from "../../src/oci/media-types.ts";
import { parseRepositoryName } from "../../src/oci/reference.ts";
import { eventually } from "../support/eventually.ts";
import type { ReceivedRequest, WebhookReceiver } from "../support/webhook-receiver.ts";

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A webhook with everything at its default but what is given. */
export function webhook(
  given: Partial<WebhookConfig> & { readonly receiver?: WebhookReceiver },
): WebhookConfig {
  const { receiver, ...options } = given;
  return {
    name: "hook",
    disabled: false,
    url: receiver === undefined ? "" : `${receiver.url}/events`,
    headers: {},
    timeoutMs: 5000,
    threshold: 10,
    backoffMs: 1000,
    maxBackoffMs: 60_000,
    ignoredMediaTypes: [],
    ignoredActions: [],
    format: "v2",
    batch: 1,
    filter: { repositories: [], kinds: [], mediaTypes: [], artifactTypes: [], tags: [] },
    secrets: [],
    giveUp: { statuses: [] },
    deliveryLogSize: 50,
    ...options,
  };
}

export const PUSH = {
  kind: "manifest_pushed",
  descriptor: { mediaType: OCI_IMAGE_MANIFEST, digest: digestOf(Buffer.from("{}")), size: 2 },
  tags: [],
} as const;

/** Of a kind that Docker's formats do not announce. */
export const CREATED: EventFact = { kind: "repository_created" };

/** "e1", "e2", … in the order in which they lie in the log. */
export function ids(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `e${from + index}`);
}

/** The ids of the events in a POST with an envelope. */
export function idsIn(request: ReceivedRequest): readonly string[] {
  return JSON.parse(request.body).events.map(({ id }: { id: string }) => id);
}

export class PostRoom implements AsyncDisposable {
  readonly metadata: Catalogue;
  readonly events: EventLog;
  readonly lines: LogLine[] = [];
  /** How long it waited between attempts, in milliseconds. */
  readonly waits: number[] = [];
  time = Date.parse("2026-11-21T00:00:00Z");
  /** How long a POST under way may take when the notifier is closed, in milliseconds. */
  graceMs = 1000;
  /** True: a wait ends only when it is cut short. */
  holdsWaits = false;
  #notifier: Notifier | undefined;

  private constructor(metadata: Catalogue) {
    this.metadata = metadata;
    this.events = new EventLog(metadata);
  }

  /** In memory, or in the folder. */
  static async open(folder?: string, options: CatalogueOptions = {}): Promise<PostRoom> {
    const engine = await (folder === undefined ? openMemoryEngine() : LevelEngine.open(folder));
    return new PostRoom(new Catalogue(engine, options));
  }

  get notifier(): Notifier {
    if (this.#notifier === undefined) throw new Error("it was not started");
    return this.#notifier;
  }

  async start(...webhooks: readonly WebhookConfig[]): Promise<void> {
    await this.prepare(...webhooks);
    this.notifier.begin();
  }

  /** Nothing is delivered yet. Without jitter: each wait is as short as it may be. */
  async prepare(...webhooks: readonly WebhookConfig[]): Promise<void> {
    const note = (level: LogLine["level"]) => (fields: object, message: string) =>
      void this.lines.push({ level, fields: { ...fields }, message });
    this.#notifier = new Notifier({
      metadata: this.metadata,
      events: this.events,
      webhooks,
      includeReferences: false,
      source: { address: "registry.example.com:5000", instanceId: "instance" },
      now: () => this.time,
      newId: v7,
      log: { info: note("info"), warn: note("warn"), error: note("error") },
      graceMs: this.graceMs,
      random: () => 0,
      wait: async (milliseconds, signal) => {
        this.waits.push(milliseconds);
        if (this.holdsWaits) return aborted(signal);
        this.time += milliseconds;
        await turn();
      },
    });
    await this.#notifier.open();
  }

  /** Ends the notifier, and begins another one over the same catalogue. */
  async restart(...webhooks: readonly WebhookConfig[]): Promise<void> {
    await this.#notifier?.close();
    await this.start(...webhooks);
  }

  async append(count: number, fact: EventFact = PUSH, repository = "a/b"): Promise<void> {
    const last = this.metadata.lastSequence();
    const events = ids(last + 1, last + count).map(
      (id): EventRecord => ({
        id,
        time: this.time,
        repository: parseRepositoryName(repository),
        fact,
      }),
    );
    await this.metadata.commit({ changes: [], events });
  }

  status(name = "hook"): WebhookStatus {
    return this.notifier.get(name);
  }

  /** Resolves when the webhook's status is as it should be. */
  async until(what: string, look: (status: WebhookStatus) => boolean, name = "hook"): Promise<WebhookStatus> {
    return eventually(
      what,
      async () => (look(this.status(name)) ? this.status(name) : undefined),
      () => JSON.stringify(this.status(name)),
    );
  }

  /** Resolves when nothing waits in the log. */
  caughtUp(name = "hook"): Promise<WebhookStatus> {
    return this.until("the end of the log", ({ lag }) => lag === 0, name);
  }

  messages(level?: LogLine["level"]): readonly string[] {
    return this.lines
      .filter((line) => level === undefined || line.level === level)
      .map((line) => line.message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#notifier?.close();
    await this.metadata.close();
  }
}
