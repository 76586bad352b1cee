// One event, or one thing that exists, as one line for people: when, what,
// where, what about it, and who did it.
import { stripVTControlCharacters } from "node:util";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema, type RequestRecord } from "../gen/stowage/v1/event_pb.ts";
import type { SnapshotItem } from "../gen/stowage/v1/event_service_pb.ts";
import { cutEnd, cutMiddle, withoutAlgorithm } from "./cut.ts";
import { eventDetails, eventPlace, itemDetails, itemPlace } from "./event-details.ts";
import { printable } from "./readable.ts";
import type { Style, View } from "./view.ts";

/** What all kinds fit but the rare collection_finished, which moves only its own line. */
const KIND_WIDTH = "repository_created".length;

/** The column of the repository, with a tag where it is about one, is at least so wide. */
const NARROW = 24;

/** It grows with the names it has seen, but not past this; a longer name moves only its own line. */
const WIDE = 56;

/** What the other columns of a line take on a terminal, about. */
const OTHERS = 57;

/** On a narrow terminal a name is not cut to less than this. */
const NARROWEST = 12;

/** Two digests, as of a tag that was moved, are not cut before the place. */
const DIGESTS = "0123456789ab -> 0123456789ab".length;

/** Makes lines whose columns stay where they are, or move only to the right. */
export class EventLines {
  readonly #view: View;
  readonly #widest: number;
  #placeWidth = NARROW;
  #hasDate = true;

  constructor(view: View) {
    this.#view = view;
    this.#widest = Math.max(NARROW, Math.min(WIDE, view.width - OTHERS));
  }

  event(event: Event): string {
    const kind = kindName(event);
    return this.#line({
      time: event.time,
      kind,
      style: styleOf(kind),
      place: eventPlace(event),
      details: eventDetails(event.kind),
      origin: originOf(event),
      cursor: event.cursor,
    });
  }

  /** Something that exists; its time is since when. */
  item(item: SnapshotItem): string {
    return this.#line({
      time: item.time,
      kind: "exists",
      style: "blue",
      place: itemPlace(item),
      details: itemDetails(item.item),
    });
  }

  /** Stands between a snapshot and the events since. */
  snapshotEnd(cursor: string): string {
    return this.#view.paint("dim", `-- this existed at #${printable(cursor)}`);
  }

  /** On a narrow terminal, what helps least is left out first, and only as much as needed. */
  #line(parts: LineParts): string {
    const place = printable(parts.place);
    const details = printable(parts.details);
    this.#placeWidth = Math.max(this.#placeWidth, Math.min(place.length, this.#widest));
    const full = this.#withTime({
      ...parts,
      place,
      placeWidth: this.#placeWidth,
      details,
      origin: printable(parts.origin ?? ""),
      cursor: parts.cursor === undefined ? "" : `#${printable(parts.cursor)}`,
    });
    const bare = { ...full, origin: "" };
    const short = { ...bare, details: withoutAlgorithm(details) };
    const fitting = [full, bare, short].find((line) => this.#excess(line) <= 0) ?? this.#tighten(short);
    if (this.#excess(fitting) <= 0) return this.#text(fitting);
    // From here on without the date, so that the columns stay where they are.
    this.#hasDate = false;
    const tight = this.#tighten(this.#withTime({ ...short, time: parts.time }));
    const cut = this.#shrink(tight, { place: NARROWEST, details: DIGESTS });
    return this.#text(this.#shrink(cut, { place: NARROWEST, details: 1 }));
  }

  #withTime<T extends { readonly time: LineParts["time"] }>(line: T): Omit<T, "time"> & { time: string } {
    const { shortTime, clock } = this.#view;
    return { ...line, time: this.#hasDate ? shortTime(line.time) : clock(line.time) };
  }

  #excess(line: Line): number {
    return stripVTControlCharacters(this.#text(line)).length - this.#view.width;
  }

  /** Without gaps, and only the digests of the details, as far as needed; the place stays whole. */
  #tighten(line: Line): Line {
    return this.#shrink(line, { place: Math.max(NARROW, line.place.length), details: DIGESTS });
  }

  /** Cuts the place, then the details, as far as needed, but to no less than told. */
  #shrink(line: Line, least: { readonly place: number; readonly details: number }): Line {
    const over = this.#excess(line);
    if (over <= 0) return line;
    const room = Math.max(line.place.length, line.placeWidth) - over;
    const placeWidth = Math.max(least.place, room);
    const cut = { ...line, placeWidth, place: cutMiddle(line.place, placeWidth) };
    const rest = Math.max(0, this.#excess(cut));
    const details = cutEnd(cut.details, Math.max(least.details, cut.details.length - rest));
    return { ...cut, details };
  }

  #text(line: Line): string {
    const { paint } = this.#view;
    const after = [line.origin, line.cursor].filter((text) => text !== "");
    return [
      paint("dim", line.time),
      paint(line.style, line.kind.padEnd(KIND_WIDTH)),
      line.place.padEnd(line.placeWidth),
      ...(line.details === "" ? [] : [line.details]),
      ...after.map((text) => paint("dim", text)),
    ].join("  ");
  }
}

interface LineParts {
  readonly time: Timestamp | undefined;
  readonly kind: string;
  readonly style: Style;
  readonly place: string;
  readonly details: string;
  readonly origin?: string;
  readonly cursor?: string;
}

/** The parts as they are printed; an empty one is left out. */
interface Line extends Required<Omit<LineParts, "time">> {
  readonly time: string;
  readonly placeWidth: number;
}

/** The kind of an event, by the name that filters use. */
export function kindName({ kind: { case: name } }: Event): string {
  return EventSchema.fields.find((field) => field.localName === name)?.name ?? "unknown";
}

const LOSSES: readonly string[] = ["deleted", "cancelled", "expired", "collected", "damaged"];

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
