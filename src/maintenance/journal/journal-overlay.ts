// The changes behind a checkpoint, folded: of each thing, what became of it. They
// win over what the checkpoint says.

import { timeText } from "../../metadata/keeping-keys.ts";
import type { Digest } from "../../oci/digest.ts";
import type {
  JournalFact,
  LinkFact,
  ManifestFact,
  RepositoryFact,
  TagChangeFact,
  TagFact,
  TagSetFact,
  TrashFact,
  UntaggedFact,
} from "./journal-facts.ts";

/** Something that held in the end. "untagged" only perhaps: whether the manifest is there and has no tag is not looked up. */
export type JournalRow =
  | RepositoryFact
  | LinkFact
  | ManifestFact
  | TrashFact
  | TagFact
  | TagChangeFact
  | UntaggedFact;

interface Entry {
  /** Absent: it is gone. */
  readonly row?: JournalRow;
  /** True: it may have been there before, and keeps the time it had. */
  readonly isOlder: boolean;
}

export class JournalOverlay {
  readonly #entries = new Map<string, Entry>();
  readonly #history: TagChangeFact[] = [];
  /** By digest and by repository: what was told up to this event is gone. */
  readonly #collected = new Map<Digest, number>();
  readonly #goneRepositories = new Map<string, number>();
  /** By name: tags of the checkpoint that were set again to what they point to. */
  readonly #setAgain = new Map<string, TagSetFact>();

  /** Takes the next change. They come in order; some may come twice. */
  add(fact: JournalFact): void {
    switch (fact.kind) {
      case "collected":
        this.#collected.set(fact.digest, fact.s);
        break;
      case "repository-gone":
        this.#goneRepositories.set(fact.repository, fact.s);
        break;
      case "link-gone":
        this.#remove({ ...fact, kind: "link" });
        break;
      case "manifest-gone":
        this.#remove({ ...fact, kind: "manifest" });
        this.#remove({ ...fact, kind: "trash" });
        break;
      case "manifest":
        this.#remove({ ...fact, kind: "trash" });
        this.#put(fact);
        break;
      case "trash":
        this.#remove({ ...fact, kind: "manifest" });
        this.#put(fact);
        break;
      case "tag":
        this.#change(fact, fact.digest);
        this.#put(fact);
        break;
      case "tag-gone":
        this.#change(fact);
        this.#remove({ ...fact, kind: "tag" });
        break;
      case "tag-set":
        this.#setTag(fact);
        break;
      case "repository":
      case "link":
      case "untagged":
        this.#put(fact);
        break;
      case "tag-change":
      case "at":
      case "end":
        break;
      default:
        fact satisfies never;
    }
  }

  /** What is left of a row of the checkpoint: it, a newer one, or nothing. */
  *ofCheckpoint(fact: JournalFact): Generator<JournalRow> {
    if (!isRow(fact)) return;
    const name = nameOf(fact);
    const entry = name === undefined ? undefined : this.#entries.get(name);
    if (entry === undefined) {
      if (!this.#isGone(fact)) yield fact.kind === "tag" ? setBy(fact, this.#setAgain.get(name ?? "")) : fact;
    } else if (entry.isOlder && entry.row !== undefined && "time" in fact && hasBirthTime(entry.row)) {
      this.#entries.set(name ?? "", { ...entry, row: { ...entry.row, time: fact.time } });
    }
  }

  /** What is new since the checkpoint. */
  *rows(): Generator<JournalRow> {
    for (const { row } of this.#entries.values()) if (row !== undefined && !this.#isGone(row)) yield row;
    yield* this.#history;
  }

  #put(row: JournalRow): void {
    const name = nameOf(row) ?? "";
    const known = this.#entries.get(name);
    if (known?.row !== undefined && hasBirthTime(row) && hasBirthTime(known.row))
      this.#entries.set(name, { ...known, row: { ...row, time: known.row.time } });
    else this.#entries.set(name, { row, isOlder: known === undefined });
  }

  #remove(thing: Named): void {
    this.#entries.set(nameOf(thing) ?? "", { isOlder: false });
  }

  #setTag(fact: TagSetFact): void {
    const name = nameOf({ ...fact, kind: "tag" }) ?? "";
    const known = this.#entries.get(name);
    if (known === undefined) this.#setAgain.set(name, fact);
    else if (known.row?.kind === "tag") this.#entries.set(name, { ...known, row: setBy(known.row, fact) });
  }

  /** The same as the commit left in the tag's history. */
  #change(fact: Extract<JournalFact, { kind: "tag" | "tag-gone" }>, to?: Digest): void {
    const { s, repository, tag, time, from, actor, requestId } = fact;
    const card = {
      time,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(actor !== undefined && { actor }),
      ...(requestId !== undefined && { requestId }),
    };
    const name = `${timeText(time)}-${String(s).padStart(16, "0")}`;
    this.#history.push({ s, kind: "tag-change", repository, tag, name, card });
    if (from !== undefined) this.#put({ s, kind: "untagged", repository, digest: from, time });
  }

  #isGone(row: JournalRow): boolean {
    if (row.s <= (this.#goneRepositories.get(row.repository) ?? -1)) return row.kind !== "tag-change";
    return "digest" in row && row.kind !== "tag" && row.s <= (this.#collected.get(row.digest) ?? -1);
  }
}

/** The tag as it is since it was set again, if it pointed there already. */
function setBy(tag: TagFact, again: TagSetFact | undefined): TagFact {
  if (again?.digest !== tag.digest) return tag;
  const { actor: _, ...rest } = tag;
  return { ...rest, updateTime: again.time, ...(again.actor !== undefined && { actor: again.actor }) };
}

type Named = { readonly kind: JournalRow["kind"]; readonly repository: string } & (
  | { readonly digest: Digest }
  | { readonly tag: string }
  | object
);

/** Undefined: there can be any number of these. */
function nameOf(thing: Named): string | undefined {
  if (thing.kind === "tag-change") return undefined;
  const what = thing.kind === "tag" ? "tag" in thing && thing.tag : "digest" in thing && thing.digest;
  return `${thing.kind}\0${thing.repository}\0${what || ""}`;
}

function isRow(fact: JournalFact): fact is JournalRow {
  return ![
    "repository-gone",
    "link-gone",
    "manifest-gone",
    "tag-gone",
    "tag-set",
    "collected",
    "at",
    "end",
  ].includes(fact.kind);
}

/** Its time is that of its first push, whatever came after. */
function hasBirthTime(row: JournalRow): row is RepositoryFact | LinkFact | ManifestFact {
  return row.kind === "repository" || row.kind === "link" || row.kind === "manifest";
}
