// A webhook as the program uses it: where events are delivered to, which, and how.
import type { EventKind } from "../oci/event-kinds.ts";

/** What distribution calls the things that happen. */
export const WEBHOOK_ACTIONS = ["push", "pull", "mount", "delete"] as const;

export type WebhookAction = (typeof WEBHOOK_ACTIONS)[number];

/** The bodies that can be sent. */
export const WEBHOOK_FORMATS = ["v2", "v1", "cloudevents"] as const;

export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

export interface WebhookConfig {
  /**
   * Unique among the webhooks. Its place in the log is kept under this name, so a webhook that is renamed begins anew.
   * Empty: a disabled one without a name.
   */
  readonly name: string;
  /** True: nothing is delivered. It keeps its place, but does not keep events from being removed. */
  readonly disabled: boolean;
  /** http or https, without user and password. Empty: a disabled one without a URL. */
  readonly url: string;
  /** Sent with each delivery; names as they were written, no two alike. Secret. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** How long one delivery may take. */
  readonly timeoutMs: number;
  /** How many failures in a row are retried after `backoffMs`; further ones wait longer each time. */
  readonly threshold: number;
  readonly backoffMs: number;
  /** At least `backoffMs`. */
  readonly maxBackoffMs: number;
  readonly ignoredMediaTypes: readonly string[];
  readonly ignoredActions: readonly WebhookAction[];
  readonly format: WebhookFormat;
  /** The most events in one delivery. */
  readonly batch: number;
  readonly filter: WebhookFilter;
  /** The keys to sign with, all of them; none: unsigned. */
  readonly secrets: readonly Uint8Array[];
  readonly giveUp: WebhookGiveUp;
  /** How many attempts are kept to be looked at. */
  readonly deliveryLogSize: number;
}

/** Which events are delivered: those that pass every member. An empty list lets all pass. */
export interface WebhookFilter {
  /** Globs. */
  readonly repositories: readonly string[];
  readonly kinds: readonly EventKind[];
  /** Globs. */
  readonly mediaTypes: readonly string[];
  /** Globs. */
  readonly artifactTypes: readonly string[];
  /** Globs. */
  readonly tags: readonly string[];
}

/** When a delivery is given up; never, as far as members are absent. */
export interface WebhookGiveUp {
  /** After this many attempts. */
  readonly attempts?: number;
  /** When its first attempt failed so long ago. */
  readonly ageMs?: number;
  /** At once when this HTTP status is answered. */
  readonly statuses: readonly number[];
}
