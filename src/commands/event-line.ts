// One event as one line for people: when, what, where, and what about it.
import { styleText } from "node:util";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Event } from "../gen/stowage/v1/event_pb.ts";
import { EventSchema } from "../gen/stowage/v1/event_pb.ts";

type Kind = Event["kind"];

/** The names of all kinds of events, as the schema has them. */
export const EVENT_KINDS: readonly string[] = EventSchema.fields
  .filter((field) => field.oneof?.name === "kind")
  .map((field) => field.name);

const KIND_WIDTH = Math.max(...EVENT_KINDS.map((kind) => kind.length));
const REPOSITORY_WIDTH = 24;

type Style = Parameters<typeof styleText>[0];

export function eventLine(event: Event, { color }: { readonly color: boolean }): string {
  const paint = (style: Style, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const time = event.time === undefined ? "-" : timestampDate(event.time).toISOString();
  const kind = kindName(event.kind);
  return [
    paint("dim", time),
    paint(styleOf(kind), kind.padEnd(KIND_WIDTH)),
    printable(event.repository).padEnd(REPOSITORY_WIDTH),
    printable(details(event.kind)),
    paint("dim", `#${printable(event.cursor)}`),
  ].join("  ");
}

/** What a server sends must not move the cursor of a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}

function kindName({ case: name }: Kind): string {
  return EventSchema.fields.find((field) => field.localName === name)?.name ?? "unknown";
}

function styleOf(kind: string): Style {
  if (kind.endsWith("deleted") || kind.endsWith("cancelled")) return "red";
  return kind === "tag_moved" ? "yellow" : "green";
}

function details(kind: Kind): string {
  switch (kind.case) {
    case "tagCreated":
    case "tagDeleted":
      return `${kind.value.tag} ${short(kind.value.descriptor?.digest)}`;
    case "tagMoved":
      return `${kind.value.tag} ${short(kind.value.previousDigest)} -> ${short(kind.value.descriptor?.digest)}`;
    case "blobPushed":
    case "blobDeleted":
    case "manifestDeleted":
      return contentDetails(kind.value.descriptor);
    case "blobMounted": {
      const { descriptor, fromRepository } = kind.value;
      return `${contentDetails(descriptor)}${fromRepository === "" ? "" : ` from ${fromRepository}`}`;
    }
    case "manifestPushed": {
      const { descriptor, tags, subject } = kind.value;
      const rest = [...tags, ...(subject === "" ? [] : [`subject ${short(subject)}`])];
      return [contentDetails(descriptor), ...rest].join(" ");
    }
    case "uploadCancelled":
      return kind.value.uploadId;
    case "repositoryCreated":
    case undefined:
      return "";
    default:
      return kind satisfies never;
  }
}

function contentDetails(descriptor: { readonly digest: string; readonly size: bigint } | undefined): string {
  return descriptor === undefined ? "" : `${short(descriptor.digest)} ${formatSize(Number(descriptor.size))}`;
}

/** Enough of a digest to know it again. */
function short(digest: string | undefined): string {
  const [algorithm = "", hex = ""] = (digest ?? "").split(":");
  return `${algorithm}:${hex.slice(0, 12)}`;
}

function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${(bytes / 1024 ** power).toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}
