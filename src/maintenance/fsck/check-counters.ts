// Counters say what there is to be counted. A difference is added, never written: it
// is the same whatever others have added meanwhile.
import { digestEntryOf } from "../../metadata/entry-names.ts";
import {
  contents,
  held,
  heldKey,
  holdersIn,
  named,
  namedKey,
  openUploads,
  trash,
} from "../../metadata/keeping-keys.ts";
import {
  accessTokenCountKey,
  catalog,
  catalogName,
  consumerCountKey,
  consumers,
  consumersOfKey,
  type Key,
  links,
  manifests,
  type Prefix,
  repositoryOfCatalogName,
  uploads,
} from "../../metadata/keys.ts";
import { add } from "../../metadata/metadata-store.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { holderGroups } from "../holder-groups.ts";
import { merge } from "../merge.ts";
import { entries, inTurns, namePages } from "../walk.ts";
import type { PhaseRun, Steps, Suspicion } from "./findings.ts";

/** How many digests are looked at between two steps. */
const BATCH = 256;

export async function* checkCounters(run: PhaseRun): Steps {
  yield* checkHeld(run);
  yield* checkByRepository(run);
  yield* checkConsumers(run);
  yield* checkAccessTokens(run);
}

/** How often each digest is held, and by how many manifests of each repository it is named. */
async function* checkHeld(run: PhaseRun): Steps {
  const { snapshot, signal, memory } = run;
  let confirmed = 0;
  let suspicions: Suspicion[] = [];
  let questions: { readonly repository: RepositoryName; readonly digest: Digest; readonly count: number }[] =
    [];
  let done = 0;
  const answer = async () => {
    for (const found of await inTurns(questions, (question) => judgeNamed(run, question))) {
      if (found.stored > 0) confirmed += 1;
      if (found.suspicion !== undefined) suspicions.push(found.suspicion);
    }
    questions = [];
  };
  const groups = holderGroups(snapshot, signal);
  for await (const { name, left, right } of merge(groups, entries(snapshot, held, signal))) {
    const digest = name as Digest; // both are named so
    const counted = right?.record ?? 0;
    const drift = (left?.held ?? 0) - counted;
    if (drift !== 0 && !memory.unsure.has(digest))
      suspicions.push(wrong(run, heldKey(digest), drift, { digest, what: "who holds it", counted }));
    for (const [repository, count] of left?.named ?? []) questions.push({ repository, digest, count });
    done += 1;
    if (questions.length + suspicions.length < BATCH) continue;
    await answer();
    yield { done, suspicions };
    [done, suspicions] = [0, []];
  }
  await answer();
  yield { done, suspicions };
  yield* checkNamed(run, confirmed);
}

async function judgeNamed(
  run: PhaseRun,
  question: { readonly repository: RepositoryName; readonly digest: Digest; readonly count: number },
): Promise<{ readonly stored: number; readonly suspicion?: Suspicion }> {
  const { repository, digest, count } = question;
  const key = namedKey(repository, digest);
  const stored = (await run.snapshot.get(key)) ?? 0;
  if (stored === count || run.memory.unsure.has(digest)) return { stored };
  const what = "which manifests name it";
  return {
    stored,
    suspicion: wrong(run, key, count - stored, { repository, digest, what, counted: stored }),
  };
}

/** Counters of what nothing names; there are none when all that are there were confirmed. */
async function* checkNamed(run: PhaseRun, confirmed: number): Steps {
  const { snapshot, signal } = run;
  let count = 0;
  for await (const page of namePages(snapshot, named, signal)) count += page.length;
  if (count === confirmed) return;
  for await (const page of namePages(snapshot, named, signal)) {
    const found = await inTurns(page, async (name) => {
      const { repository, digest } = digestEntryOf(name);
      if (run.memory.unsure.has(digest)) return [];
      const key = namedKey(repository, digest);
      const holding = await snapshot.page(holdersIn(digest, repository), { limit: 3, namesOnly: true });
      if (holding.some((holder) => holder.name !== "" && holder.name !== digest)) return [];
      const counted = (await snapshot.get(key)) ?? 0;
      return [wrong(run, key, -counted, { repository, digest, what: "which manifests name it", counted })];
    });
    yield { done: page.length, suspicions: found.flat() };
  }
}

async function* checkByRepository(run: PhaseRun): Steps {
  const { snapshot, signal } = run;
  const live = await countNames(run, [manifests]);
  yield* compare(run, { prefix: catalog, truth: live, what: "its manifests" });
  const all = await countNames(run, [links, trash]);
  for (const [name, count] of live) all.set(name, (all.get(name) ?? 0) + count);
  yield* compare(run, { prefix: contents, truth: all, what: "its links and manifests" });
  const sessions = new Map<string, number>();
  for await (const { record } of entries(snapshot, uploads, signal)) {
    const name = catalogName(record.repository);
    sessions.set(name, (sessions.get(name) ?? 0) + 1);
  }
  yield* compare(run, { prefix: openUploads, truth: sessions, what: "its open uploads" });
}

/** How many names of entries begin with each repository. */
async function countNames(
  { snapshot, signal }: PhaseRun,
  prefixes: readonly Prefix<unknown>[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const prefix of prefixes) {
    for await (const page of namePages(snapshot, prefix, signal)) {
      for (const name of page) {
        const repository = name.slice(0, name.indexOf("\0"));
        counts.set(repository, (counts.get(repository) ?? 0) + 1);
      }
    }
  }
  return counts;
}

async function* compare(
  run: PhaseRun,
  counters: {
    readonly prefix: Prefix<number>;
    readonly truth: ReadonlyMap<string, number>;
    readonly what: string;
  },
): Steps {
  const { prefix, truth, what } = counters;
  const suspicions: Suspicion[] = [];
  const seen = new Set<string>();
  const judge = (name: string, counted: number) => {
    const drift = (truth.get(name) ?? 0) - counted;
    const key: Key<number> = { text: prefix.text + name };
    const repository = repositoryOfCatalogName(name);
    if (drift !== 0) suspicions.push(wrong(run, key, drift, { repository, what, counted }));
  };
  for await (const { name, record } of entries(run.snapshot, prefix, run.signal)) {
    seen.add(name);
    judge(name, record);
  }
  for (const name of truth.keys()) if (!seen.has(name)) judge(name, 0);
  yield { done: truth.size, suspicions };
}

async function* checkConsumers(run: PhaseRun): Steps {
  const { snapshot, signal } = run;
  const truth = new Map<string, number>();
  for await (const { record } of entries(snapshot, consumers, signal)) {
    const counters = record.owner === undefined ? [""] : ["", `\0${record.owner}`];
    for (const name of counters) truth.set(name, (truth.get(name) ?? 0) + 1);
  }
  const prefix: Prefix<number> = { text: consumerCountKey.text };
  const nameOf = (name: string) => (name === "" ? consumerCountKey : consumersOfKey(name.slice(1)));
  yield* compareOthers(run, { prefix, truth, nameOf, what: "consumers" });
}

async function* checkAccessTokens(run: PhaseRun): Steps {
  const truth = await countNames(run, [{ text: "o/" }]);
  const prefix: Prefix<number> = { text: accessTokenCountKey("").text };
  yield* compareOthers(run, { prefix, truth, nameOf: accessTokenCountKey, what: "access tokens" });
}

/** As compare, of counters that are not by repository. */
async function* compareOthers(
  run: PhaseRun,
  counters: {
    readonly prefix: Prefix<number>;
    readonly truth: Map<string, number>;
    readonly nameOf: (name: string) => Key<number>;
    readonly what: string;
  },
): Steps {
  const { prefix, truth, nameOf, what } = counters;
  const suspicions: Suspicion[] = [];
  const stored = new Map<string, number>();
  for await (const { name, record } of entries(run.snapshot, prefix, run.signal)) stored.set(name, record);
  for (const name of new Set([...truth.keys(), ...stored.keys()])) {
    const counted = stored.get(name) ?? 0;
    const drift = (truth.get(name) ?? 0) - counted;
    if (drift !== 0) suspicions.push(wrong(run, nameOf(name), drift, { what, counted }));
  }
  yield { done: truth.size, suspicions };
}

function wrong(
  { context }: PhaseRun,
  key: Key<number>,
  drift: number,
  about: {
    readonly what: string;
    readonly counted: number;
    readonly repository?: RepositoryName;
    readonly digest?: Digest;
  },
): Suspicion {
  const { what, counted, ...place } = about;
  const repair = async () => {
    await context.metadata.commit({ changes: [add(key, drift)] });
    return true;
  };
  const detail = `the counter of ${what} says ${counted}, and there are ${counted + drift}`;
  return { what: "counter-wrong", ...place, detail, repair };
}
