// The options of stowage events, and what they amount to.
import { EVENT_KINDS, isEventKind } from "../oci/event-kinds.ts";
import type { EventChoice, EventStart } from "./follow-events.ts";
import type { RemoteOptions } from "./remote-registry.ts";
import { parseTime } from "./time-option.ts";
import { CommandFailure, EXIT } from "./world.ts";

export interface EventsOptions extends RemoteOptions {
  readonly follow?: boolean;
  readonly from?: string;
  readonly since?: string;
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
export function requireFitting({ follow, from, consumer, references, json }: EventsOptions): void {
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
  const unknown = kind.find((name) => !isEventKind(name));
  if (unknown !== undefined) throw usage(`--kind ${unknown}: the kinds are ${EVENT_KINDS.join(", ")}`);
  return {
    repositories: repository.map(repositoryGlob),
    kinds: [...kind],
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

/** Lines show a cursor as "#123", which somebody may copy as it is. */
function withoutMark(cursor: string): string {
  return cursor.replace(/^#/, "");
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
