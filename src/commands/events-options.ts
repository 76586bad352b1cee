// The options of stowage events, and what they amount to.
import type { EventChoice, EventStart } from "./follow-events.ts";
import { parseKinds } from "./kind-option.ts";
import { formatCount } from "./readable.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { parseTime } from "./time-option.ts";
import { CommandFailure, EXIT } from "./world.ts";

export interface EventsOptions extends RemoteOptions {
  readonly follow?: boolean;
  readonly from?: string;
  readonly since?: string;
  readonly until?: string;
  readonly last?: number;
  readonly snapshot?: boolean;
  readonly consumer?: string;
  readonly repository?: readonly string[];
  readonly kind?: readonly string[];
  readonly mediaType?: readonly string[];
  readonly artifactType?: readonly string[];
  readonly tag?: readonly string[];
  readonly references?: boolean;
}

/** Throws CommandFailure for options that mean nothing without another one. */
export function requireFitting(options: EventsOptions): void {
  const { follow, from, consumer, references, json, last } = options;
  if (last !== undefined && follow === true)
    throw usage("--last does not go with --follow; --since TIME --follow begins a while back");
  if (from === "now" && follow !== true)
    throw usage("--from now needs --follow: nothing is in the log after now");
  if (consumer !== undefined && follow !== true)
    throw usage("--consumer needs --follow: a consumer remembers how far somebody has followed");
  if (references === true && json !== true)
    throw usage("--references needs --json: it would not fit in a line");
}

/** Throws CommandFailure for an unknown kind. */
export function parseChoice(options: EventsOptions): EventChoice {
  const { repository = [], kind = [], mediaType = [], artifactType = [], tag = [] } = options;
  return {
    repositories: repository.map(repositoryGlob),
    kinds: parseKinds(kind),
    mediaTypes: [...mediaType],
    artifactTypes: [...artifactType],
    tags: [...tag],
  };
}

/** What ends with "/" means everything below; a repository's name never ends so. */
function repositoryGlob(text: string): string {
  return text.endsWith("/") ? `${text}**` : text;
}

/** Where to begin. Throws CommandFailure for a time that is none. */
export function parseStart({ from, since, snapshot, follow }: EventsOptions, now: number): EventStart {
  if (snapshot === true) return { kind: "snapshot" };
  if (since !== undefined) return { kind: "time", time: parseTime(since, { option: "--since", now }) };
  if (from === undefined) return { kind: follow === true ? "now" : "start" };
  return from === "now" || from === "start" ? { kind: from } : { kind: "after", cursor: withoutMark(from) };
}

/** Where to end, in milliseconds since 1970. Absent: nowhere. Throws CommandFailure for a time that is none. */
export function parseUntil({ until }: EventsOptions, now: number): number | undefined {
  return until === undefined ? undefined : parseTime(until, { option: "--until", now });
}

/** Throws CommandFailure. */
export function parseLast(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MOST_LAST) return count;
  throw usage(`--last ${text}: say how many, from 1 to ${formatCount(MOST_LAST)}`);
}

/** They are kept in memory until they are printed. */
const MOST_LAST = 100_000;

/** Lines show a cursor as "#123", which somebody may copy as it is. */
function withoutMark(cursor: string): string {
  return cursor.replace(/^#/, "");
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
