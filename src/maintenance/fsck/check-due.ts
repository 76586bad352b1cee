// Whatever nothing holds or names, or has a time after which it goes, is on the list
// of what is due: else nobody would ever look at it again.
import { NOTHING } from "../../core/references.ts";
import { type Due, dueEntryOf, dueKey } from "../../metadata/due.ts";
import { digestEntryOf, tagEntryOf } from "../../metadata/entry-names.ts";
import {
  allTagChanges,
  due,
  held,
  heldKey,
  named,
  namedKey,
  tagChangeKey,
  trash,
  trashKey,
} from "../../metadata/keeping-keys.ts";
import { blobKey, blobs, linkKey, links } from "../../metadata/keys.ts";
import { type Transaction, transact } from "../../metadata/transaction.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Tag } from "../../oci/reference.ts";
import { merge } from "../merge.ts";
import { nameEntries, namePages, names } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** So many are looked for on the list in one walk through it. */
const MOST = 100_000;

/** Something that must be on the list. */
interface Expected {
  readonly what: Due;
  /** The time it would have to have now; undefined when it need not be there any more. */
  readonly time: (transaction: Transaction) => Promise<number | undefined>;
  readonly isRepairable: boolean;
}

export async function* checkDue(run: PhaseRun): Steps {
  const waiting = new Map<string, Expected>();
  let done = 0;
  for await (const expected of all(run)) {
    done += 1;
    if (expected !== undefined) waiting.set(nameOf(expected.what), expected);
    if (waiting.size < MOST) {
      if (done < 1000) continue;
      yield { done, suspicions: [] };
      done = 0;
      continue;
    }
    yield { done, suspicions: await notOnList(run, waiting) };
    waiting.clear();
    done = 0;
  }
  yield { done, suspicions: await notOnList(run, waiting) };
}

/** All that must be on the list; undefined for each thing that need not. */
async function* all(run: PhaseRun): AsyncGenerator<Expected | undefined, void, undefined> {
  yield* unheldBlobs(run);
  yield* unnamedLinks(run);
  yield* trashed(run);
  yield* tagChanges(run);
}

async function* unheldBlobs({ snapshot, context, signal }: PhaseRun) {
  const { options, now } = context;
  for await (const { name, left, right } of merge(
    nameEntries(snapshot, blobs, signal),
    nameEntries(snapshot, held, signal),
  )) {
    const digest = name as Digest; // blobs are named by their digests
    const time = async (transaction: Transaction) => {
      if ((await transaction.get(heldKey(digest))) !== undefined) return undefined;
      return (await transaction.get(blobKey(digest))) && now() + options.graceMs;
    };
    const isUnheld = left !== undefined && right === undefined;
    yield isUnheld ? { what: { kind: "blob", digest } as const, time, isRepairable: true } : undefined;
  }
}

async function* unnamedLinks({ snapshot, context, signal, memory }: PhaseRun) {
  const { options, now } = context;
  for await (const { name, left, right } of merge(
    nameEntries(snapshot, links, signal),
    nameEntries(snapshot, named, signal),
  )) {
    const { repository, digest } = digestEntryOf(name);
    const time = async (transaction: Transaction) => {
      if ((await transaction.get(namedKey(repository, digest))) !== undefined) return undefined;
      return (await transaction.get(linkKey(repository, digest))) && now() + options.graceMs;
    };
    const isUnnamed = left !== undefined && right === undefined;
    // What a manifest names that cannot be read may be just this.
    const isRepairable = !memory.unreadable.has(repository);
    yield isUnnamed ? { what: { kind: "link", repository, digest } as const, time, isRepairable } : undefined;
  }
}

async function* trashed({ snapshot, context, signal }: PhaseRun) {
  for await (const name of names(snapshot, trash, signal)) {
    const { repository, digest } = digestEntryOf(name);
    const time = async (transaction: Transaction) => {
      const record = await transaction.get(trashKey(repository, digest));
      return record && record.deleteTime + context.options.trashAgeMs;
    };
    yield { what: { kind: "trash", repository, digest } as const, time, isRepairable: true };
  }
}

async function* tagChanges({ snapshot, context, signal }: PhaseRun) {
  for await (const name of names(snapshot, allTagChanges, signal)) {
    const { repository } = tagEntryOf(name);
    const [, tag, change = ""] = name.split("\0") as [string, Tag, string]; // as keys.ts draws it
    const [text = "", ...id] = change.split("-");
    const key = tagChangeKey(repository, tag, { time: Number(text), id: id.join("-") });
    const time = async (transaction: Transaction) => {
      const record = await transaction.get(key);
      return record && record.time + context.options.tagHistoryMs;
    };
    yield { what: { kind: "tag-change", repository, tag, change } as const, time, isRepairable: true };
  }
}

async function notOnList(run: PhaseRun, waiting: Map<string, Expected>): Promise<readonly Suspicion[]> {
  if (waiting.size === 0) return [];
  for await (const page of namePages(run.snapshot, due, run.signal))
    for (const name of page) waiting.delete(nameOf(dueEntryOf(name).what));
  return [...waiting.values()].map((expected) => dueMissing(run, expected));
}

/** The same for all entries of the same thing. */
function nameOf(what: Due): string {
  return dueKey({ time: 0, what, mark: "" }).text;
}

function dueMissing({ context }: PhaseRun, { what, time, isRepairable }: Expected): Suspicion {
  const repair = () =>
    transact(context.metadata, async (transaction) => {
      const moment = await time(transaction);
      if (moment !== undefined) transaction.put(dueKey({ time: moment, what }), NOTHING);
      return true;
    });
  const detail = `nothing says when this ${WORDS[what.kind]} is to be looked at, so it would stay for ever`;
  const { kind: _kind, change: _change, ...place } = { change: undefined, ...what };
  const advice = "a manifest of the repository cannot be read and may need it; push that again, or delete it";
  return { what: "due-missing", ...place, detail, ...(isRepairable ? { repair } : { advice }) };
}

const WORDS = {
  blob: "blob, which nothing holds,",
  link: "link, which no manifest names,",
  trash: "manifest in the trash",
  "tag-change": "change of a tag",
} as const;
