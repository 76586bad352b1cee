// What the journal says. Each fact is a line of JSON behind its checksum:
//
//   8f3a01bc {"s":12,"kind":"link","repository":"a/b","digest":"sha256:…","size":5,"time":…}
//
// A fact stands by itself: a damaged line takes nothing else with it. What can be
// found in a manifest's bytes is not said again.
import { crc32 } from "node:zlib";
import type { TagChangeRecord, TrashRecord } from "../../metadata/keeping-records.ts";
import type { SignedForm } from "../../metadata/records.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName, Tag } from "../../oci/reference.ts";

interface InRepository {
  /** The event that told it; in a checkpoint, the event at which it held. */
  readonly s: number;
  readonly repository: RepositoryName;
}

interface OfDigest extends InRepository {
  readonly digest: Digest;
}

interface OfTag extends InRepository {
  readonly tag: Tag;
}

/** Who changed a tag, and when. */
interface Change {
  readonly time: number;
  readonly from?: Digest;
  readonly actor?: string;
  readonly requestId?: string;
}

export interface LinkFact extends OfDigest {
  readonly kind: "link";
  readonly size: number;
  readonly time: number;
}

export interface ManifestFact extends OfDigest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly size: number;
  /** Of its first push. */
  readonly time: number;
  /** Of its last. Absent: there was one. */
  readonly pushTime?: number;
  readonly signed?: SignedForm;
}

export interface TrashFact extends OfDigest {
  readonly kind: "trash";
  readonly card: TrashRecord;
}

export interface TagFact extends OfTag, Change {
  readonly kind: "tag";
  readonly digest: Digest;
  /** When it was set, if that was not `time`. */
  readonly updateTime?: number;
}

/** A tag that pointed there already was set again: its history has nothing of it. */
export interface TagSetFact extends OfTag {
  readonly kind: "tag-set";
  readonly digest: Digest;
  readonly time: number;
  readonly actor?: string;
}

export interface RepositoryFact extends InRepository {
  readonly kind: "repository";
  readonly time: number;
}

export interface TagChangeFact extends OfTag {
  readonly kind: "tag-change";
  /** "<time>-<id>", as its key has it. */
  readonly name: string;
  readonly card: TagChangeRecord;
}

export interface UntaggedFact extends OfDigest {
  readonly kind: "untagged";
  readonly time: number;
}

export type JournalFact =
  | RepositoryFact
  | (InRepository & { readonly kind: "repository-gone" })
  | LinkFact
  | (OfDigest & { readonly kind: "link-gone" })
  | ManifestFact
  | TrashFact
  | (OfDigest & { readonly kind: "manifest-gone" })
  | TagFact
  | TagSetFact
  | (OfTag & Change & { readonly kind: "tag-gone" })
  /** The bytes were removed, as nothing needed them. */
  | { readonly s: number; readonly kind: "collected"; readonly digest: Digest }
  /** Only in checkpoints: the history of tags, and manifests without a tag. */
  | TagChangeFact
  | UntaggedFact
  /** There was nothing else to tell up to this event. */
  | { readonly s: number; readonly kind: "at" }
  /** The end of a checkpoint, of so many lines before it. */
  | { readonly s: number; readonly kind: "end"; readonly lines: number };

/** A line, with its end. */
export function encodeFact(fact: JournalFact): string {
  // Some readers of lines take these for the end of one.
  const json = JSON.stringify(fact).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  return `${checksum(json)} ${json}\n`;
}

/** Undefined: the line is damaged. */
export function decodeFact(line: string): JournalFact | undefined {
  const json = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  const fact: JournalFact = JSON.parse(json); // it is as it was written
  return fact;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}
