// One event, or one thing that exists, as one line for people: when, what,
// where, what about it, and who did it.
import { type Event, EventSchema, type RequestRecord } from "../gen/stowage/v1/event_pb.ts";
import type { SnapshotItem } from "../gen/stowage/v1/event_service_pb.ts";
import { EVENT_KINDS } from "../oci/event-kinds.ts";
import { eventDetails, itemDetails } from "./event-details.ts";
import { printable } from "./readable.ts";
import type { Style, View } from "./view.ts";

const KIND_WIDTH = Math.max(...EVENT_KINDS.map((kind) => kind.length));

/** The repository's column is at least so wide. */
const NARROW = 24;

/** It grows with the names it has seen, but not past this; a longer name moves only its own line. */
const WIDE = 56;

/** Makes lines whose columns stay where they are, or move only to the right. */
export class EventLines {
  readonly #view: View;
  #repositoryWidth = NARROW;

  constructor(view: View) {
    this.#view = view;
  }

  event(event: Event): string {
    const kind = kindName(event);
    return this.#line({
      time: this.#view.shortTime(event.time),
      kind,
      style: styleOf(kind),
      repository: event.repository,
      details: eventDetails(event.kind),
      origin: originOf(event),
      cursor: event.cursor,
    });
  }

  /** Something that exists; its time is since when. */
  item({ time, repository, item }: SnapshotItem): string {
    const details = itemDetails(item);
    return this.#line({
      time: this.#view.shortTime(time),
      kind: "exists",
      style: "blue",
      repository,
      details,
    });
  }

  /** Stands between a snapshot and the events since. */
  snapshotEnd(cursor: string): string {
    return this.#view.paint("dim", `-- this existed at #${printable(cursor)}`);
  }

  #line(parts: LineParts): string {
    const { paint } = this.#view;
    const repository = printable(parts.repository) || "-";
    this.#repositoryWidth = Math.max(this.#repositoryWidth, Math.min(repository.length, WIDE));
    const behind = [parts.origin ?? "", parts.cursor === undefined ? "" : `#${parts.cursor}`];
    const details = printable(parts.details);
    return [
      paint("dim", parts.time),
      paint(parts.style, parts.kind.padEnd(KIND_WIDTH)),
      repository.padEnd(this.#repositoryWidth),
      ...(details === "" ? [] : [details]),
      ...behind.filter((text) => text !== "").map((text) => paint("dim", printable(text))),
    ].join("  ");
  }
}

interface LineParts {
  readonly time: string;
  readonly kind: string;
  readonly style: Style;
  readonly repository: string;
  readonly details: string;
  readonly origin?: string;
  readonly cursor?: string;
}

/** The kind of an event, by the name that filters use. */
export function kindName({ kind: { case: name } }: Event): string {
  return EventSchema.fields.find((field) => field.localName === name)?.name ?? "unknown";
}

const LOSSES: readonly string[] = ["deleted", "cancelled", "expired", "collected"];

function styleOf(kind: string): Style {
  if (LOSSES.some((ending) => kind.endsWith(ending))) return "red";
  if (kind === "manifest_pulled") return "cyan";
  return kind === "tag_moved" ? "yellow" : "green";
}

/** "alice from 10.0.0.7", as far as it is known. */
function originOf({ actor, request }: Event): string {
  const from = request === undefined ? "" : withoutPort(request);
  return [actor?.name ?? "", from === "" ? "" : `from ${from}`].filter((text) => text !== "").join(" ");
}

/** A client has another port each time, which helps nobody. */
function withoutPort({ address }: RequestRecord): string {
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
