// The list of what is to be looked at, and when: entries are named so that those
// that are due first come first. What is found then is decided by the cards.
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/reference.ts";
import { due, timeText } from "./keeping-keys.ts";
import { catalogName, type Key, type Prefix, type Raw, repositoryOfCatalogName } from "./keys.ts";

/** What can become due. */
export type Due =
  /** A link that perhaps no manifest names. */
  | { readonly kind: "link"; readonly repository: RepositoryName; readonly digest: Digest }
  /** Bytes that perhaps nothing holds. */
  | { readonly kind: "blob"; readonly digest: Digest }
  /** A manifest whose time in the trash is perhaps over. */
  | { readonly kind: "trash"; readonly repository: RepositoryName; readonly digest: Digest }
  /** A change of a tag that is perhaps old enough to be forgotten. `change`: "<time>-<id>", as its key has it. */
  | {
      readonly kind: "tag-change";
      readonly repository: RepositoryName;
      readonly tag: Tag;
      readonly change: string;
    };

/** An entry of the list. */
export interface DueEntry {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly what: Due;
  /** Tells it from others for the same at the same time, so that taking off one never takes off another. */
  readonly mark: string;
}

const end = "\0";

/** Of this process; marks are no secrets. */
const origin = Math.random().toString(36).slice(2, 8);
let marks = 0;

function newMark(): string {
  marks += 1;
  return `${origin}${marks.toString(36)}`;
}
const LETTERS = { link: "l", blob: "b", trash: "m", "tag-change": "h" } as const;

/** The key of an entry, of a new one when it has no mark. It has no value. */
export function dueKey(entry: Omit<DueEntry, "mark"> & { readonly mark?: string }): Key<Raw> {
  const { mark = newMark() } = entry;
  return { text: `${dueThen(entry).text}${mark}` };
}

/** Below it, the entries for one thing at one time are named by their marks. */
export function dueThen({ time, what }: Omit<DueEntry, "mark">): Prefix<Raw> {
  const parts = [timeText(time), LETTERS[what.kind], ...partsOf(what)];
  return { text: `${due.text}${parts.join(end)}${end}` };
}

/** Reads the name of an entry below `due` (keys.ts). */
export function dueEntryOf(name: string): DueEntry {
  const [time = "", letter, ...parts] = name.split(end);
  const mark = parts.pop() ?? "";
  const [first = "", second = "", third = ""] = parts;
  return { time: Number(time), what: whatOf(letter, [first, second, third], name), mark };
}

function partsOf(what: Due): readonly string[] {
  switch (what.kind) {
    case "blob":
      return [what.digest];
    case "link":
    case "trash":
      return [catalogName(what.repository), what.digest];
    case "tag-change":
      return [catalogName(what.repository), what.tag, what.change];
  }
}

/** What was written there is of the type that its letter says. */
function whatOf(
  letter: string | undefined,
  [first, second, third]: readonly [string, string, string],
  name: string,
): Due {
  switch (letter) {
    case LETTERS.blob:
      return { kind: "blob", digest: first as Digest };
    case LETTERS.link:
      return { kind: "link", repository: repositoryOfCatalogName(first), digest: second as Digest };
    case LETTERS.trash:
      return { kind: "trash", repository: repositoryOfCatalogName(first), digest: second as Digest };
    case LETTERS["tag-change"]: {
      const repository = repositoryOfCatalogName(first);
      return { kind: "tag-change", repository, tag: second as Tag, change: third };
    }
    default:
      throw new Error(`${JSON.stringify(name)} does not name what is due`);
  }
}
