// What a webhook is, as the configuration says it. Times in milliseconds.
import type { DockerAction, MessageFormat } from "./message.ts";

export interface WebhookOptions {
  /** Its place in the log is kept under this name, so a webhook that is renamed begins anew. */
  readonly name: string;
  /** True: nothing is delivered. It keeps its place, but does not keep events from being removed. */
  readonly disabled: boolean;
  /** Empty: a disabled one that has none. May hold secrets; see safe-url.ts. */
  readonly url: string;
  /** Secret. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly timeoutMs: number;
  /** How many failures in a row are retried after `backoffMs`; further ones wait longer each time. */
  readonly threshold: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly ignoredMediaTypes: readonly string[];
  readonly ignoredActions: readonly DockerAction[];
  readonly format: MessageFormat;
  /** The most events in one delivery. */
  readonly batch: number;
  readonly filter: WebhookFilter;
  /** The keys to sign with, all of them. None: unsigned. */
  readonly secrets: readonly Uint8Array[];
  readonly giveUp: GiveUp;
  /** How many attempts are kept to be looked at. */
  readonly deliveryLogSize: number;
}

/** Chooses events, each member as in the filters of event streams. An empty member lets all pass. */
export interface WebhookFilter {
  readonly repositories: readonly string[];
  readonly kinds: readonly string[];
  readonly mediaTypes: readonly string[];
  readonly artifactTypes: readonly string[];
  readonly tags: readonly string[];
}

/** When an event is put aside. Nothing set: it is tried for ever. */
export interface GiveUp {
  /** After so many attempts. */
  readonly attempts?: number;
  /** When the first failure of this event is so long ago. */
  readonly ageMs?: number;
  /** At once when one of these is answered. */
  readonly statuses: readonly number[];
}
