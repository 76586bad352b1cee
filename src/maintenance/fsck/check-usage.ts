// Usage rows say what the cards of the same moment amount to. A difference is added,
// never written: it is the same whatever others have added meanwhile.
import { type Key, repositoryOfCatalogName } from "../../metadata/keys.ts";
import { sum } from "../../metadata/metadata-store.ts";
import type { SumsOf } from "../../metadata/usage-form.ts";
import { storedKey, usages, usagesBelow } from "../../metadata/usage-keys.ts";
import {
  NO_USAGE,
  STORED_SUMS,
  type StoredRecord,
  USAGE_SUMS,
  USAGE_TIMES,
  type UsageRecord,
} from "../../metadata/usage-record.ts";
import { NOTHING_STORED, UsageRecount } from "../usage-recount.ts";
import { entries } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** How many differences are told of at once. */
const BATCH = 256;

export async function* checkUsage(run: PhaseRun): Steps {
  const recount = new UsageRecount();
  for await (const done of recount.count(run.snapshot, run.signal)) yield { done, suspicions: [] };
  yield* checkRows(run, recount.rows());
  const stored = (await run.snapshot.get(storedKey)) ?? NOTHING_STORED;
  const difference = differenceOf(STORED_SUMS, stored, recount.stored);
  if (difference === undefined) return;
  const about = { subject: "the cellar", stored, truth: recount.stored };
  yield { done: 0, suspicions: [usageWrong(run, storedKey, difference, about)] };
}

async function* checkRows(run: PhaseRun, truth: Map<string, UsageRecord>): Steps {
  let suspicions: Suspicion[] = [];
  for (const prefix of [usages, usagesBelow]) {
    for await (const { name, record } of entries(run.snapshot, prefix, run.signal)) {
      const text = prefix.text + name;
      suspicions.push(...judgeRow(run, text, record, truth.get(text) ?? NO_USAGE));
      truth.delete(text);
      if (suspicions.length < BATCH) continue;
      yield { done: 0, suspicions };
      suspicions = [];
    }
  }
  for (const [text, row] of truth) suspicions.push(...judgeRow(run, text, NO_USAGE, row));
  yield { done: 0, suspicions };
}

/** The last push or pull may have been of what was removed since, so a time that is later than all that are known is right. */
function judgeRow(
  run: PhaseRun,
  text: string,
  stored: UsageRecord,
  truth: UsageRecord,
): readonly Suspicion[] {
  const sums = differenceOf(USAGE_SUMS, stored, truth);
  const times = USAGE_TIMES.filter((time) => (truth[time] ?? 0) > (stored[time] ?? 0));
  if (sums === undefined && times.length === 0) return [];
  const change = { ...sums, ...Object.fromEntries(times.map((time) => [time, truth[time]])) };
  const name = repositoryOfCatalogName(text.slice(usages.text.length));
  const isRepository = text.startsWith(usages.text);
  const above = name === "" ? "all repositories" : `the repositories below "${name}/"`;
  const subject = isRepository ? "the repository" : above;
  const suspicion = usageWrong(run, { text }, change, { subject, stored, truth });
  return [isRepository ? { ...suspicion, repository: name } : suspicion];
}

/** By how much each sum is too low. Undefined: all are right. */
function differenceOf<Sum extends string>(
  names: readonly Sum[],
  stored: Readonly<Record<Sum, number>>,
  truth: Readonly<Record<Sum, number>>,
): Readonly<Record<string, number>> | undefined {
  const wrong = names.filter((name) => stored[name] !== truth[name]);
  if (wrong.length === 0) return undefined;
  return Object.fromEntries(wrong.map((name) => [name, truth[name] - stored[name]]));
}

function usageWrong<R extends StoredRecord>(
  { context }: PhaseRun,
  key: Key<R>,
  change: SumsOf<R>,
  { subject, stored, truth }: { readonly subject: string; readonly stored: object; readonly truth: object },
): Suspicion {
  const repair = async () => {
    await context.metadata.commit({ changes: [sum(key, change)] });
    return true;
  };
  const [counted, there] = [numbersOf(stored), numbersOf(truth)];
  const differences = Object.keys(change).map(
    (name) => `${name} ${counted[name] ?? "not known"} instead of ${there[name]}`,
  );
  const detail = `what ${subject} uses is counted wrongly: ${differences.join(", ")}`;
  return { what: "usage-wrong", detail, repair };
}

function numbersOf(record: object): Readonly<Record<string, unknown>> {
  return { ...record };
}
