// Compares the catalogue with itself and with the cellar, while the registry serves or
// while it stands still, and puts right what it can. Each phase reads a snapshot of its
// own; whatever is repaired is repaired in the present, beside others who change it.
import type { CoreContext } from "../../core/context.ts";
import { fsckKey } from "../../metadata/keeping-keys.ts";
import { put, remove } from "../../metadata/metadata-store.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { inTurns } from "../walk.ts";
import { checkCellar, checkCopies } from "./check-cellar.ts";
import { checkCounters } from "./check-counters.ts";
import { checkDue } from "./check-due.ts";
import { checkHolders } from "./check-holders.ts";
import { checkLinks } from "./check-links.ts";
import { checkManifests } from "./check-manifests.ts";
import { checkRepositories } from "./check-repositories.ts";
import { checkTags } from "./check-tags.ts";
import { checkUploads } from "./check-uploads.ts";
import { checkUsage } from "./check-usage.ts";
import type { Finding, PhaseRun, Progress, RunMemory, Steps, Suspicion } from "./findings.ts";

export type { Finding, FindingKind, Progress } from "./findings.ts";

export interface FsckOptions {
  /** True: what can be put right is. */
  readonly repair: boolean;
  /** False: only the catalogue is looked at, and the bytes of manifests that lie in the cellar alone. */
  readonly cellar: boolean;
  /** Files that are younger are let alone, in milliseconds. */
  readonly graceMs: number;
  /** True: where a check that was interrupted had come to. */
  readonly resume?: boolean;
}

export type FsckItem = Finding | Progress;

/** How often progress is told, in milliseconds. */
const TELL_MS = 500;

interface Phase {
  readonly name: string;
  readonly check: (run: PhaseRun) => Steps;
}

/** In this order: counters can only be compared with an index that is right. */
const PHASES: readonly Phase[] = [
  { name: "repositories", check: checkRepositories },
  { name: "references", check: checkReferences },
  { name: "tags", check: checkTags },
  { name: "counters", check: checkCounters },
  { name: "due", check: checkDue },
  { name: "uploads", check: checkUploads },
  { name: "copies", check: checkCopies },
];

const CELLAR: Phase = { name: "cellar", check: checkCellar };

/** Behind all others, because what they repair is counted here. */
const USAGE: Phase = { name: "usage", check: checkUsage };

/** Together, because the last one compares with what the first two have counted in the same snapshot. */
async function* checkReferences(run: PhaseRun): Steps {
  const tally = { expected: 0, missing: 0 };
  yield* checkManifests(run, tally);
  yield* checkLinks(run, tally);
  yield* checkHolders(run, tally);
}

export class Fsck {
  readonly #context: CoreContext;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /**
   * Checks everything. What it has told holds even if it is ended early, by the reader or by the signal; `resume` goes
   * on from there.
   */
  async *run(options: FsckOptions, signal?: AbortSignal): AsyncGenerator<FsckItem, void, undefined> {
    try {
      yield* this.#run(options, signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
  }

  async *#run(
    options: FsckOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FsckItem, void, undefined> {
    const { metadata, now } = this.#context;
    const begun = options.resume === true ? await metadata.get(fsckKey) : undefined;
    const memory: RunMemory = { unreadable: new Set(begun?.unreadable), unsure: new Set() };
    const phases = [...PHASES, ...(options.cellar ? [CELLAR] : []), USAGE];
    const first = Math.max(
      0,
      phases.findIndex(({ name }) => name === begun?.phase),
    );
    const startTime = begun?.startTime ?? now();
    for (const phase of phases.slice(first)) {
      await this.#remember(phase.name, startTime, memory);
      yield* this.#runPhase(phase, options, memory, signal);
    }
    if (!this.#context.options.readOnly) await metadata.commit({ changes: [remove(fsckKey)] });
  }

  async #remember(phase: string, startTime: number, { unreadable }: RunMemory): Promise<void> {
    const { metadata, options } = this.#context;
    if (options.readOnly) return;
    const repositories: readonly RepositoryName[] = [...unreadable];
    await metadata.commit({ changes: [put(fsckKey, { startTime, phase, unreadable: repositories })] });
  }

  async *#runPhase(
    { name, check }: Phase,
    { repair, cellar, graceMs }: FsckOptions,
    memory: RunMemory,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FsckItem, void, undefined> {
    const context = this.#context;
    await using snapshot = await context.metadata.snapshot();
    let done = 0;
    let told = performance.now();
    yield { kind: "progress", phase: name, done };
    for await (const step of check({ context, snapshot, graceMs, cellar, memory, signal })) {
      signal?.throwIfAborted();
      done += step.done;
      yield* await inTurns(step.suspicions, (suspicion) => settle(suspicion, repair, memory));
      if (performance.now() - told < TELL_MS) continue;
      told = performance.now();
      yield { kind: "progress", phase: name, done };
    }
    yield { kind: "progress", phase: name, done };
  }
}

/** What is told of a suspicion, after it was repaired if it is to be and can be. */
async function settle(suspicion: Suspicion, isToRepair: boolean, memory: RunMemory): Promise<Finding> {
  const { repair, advice, detail, ...place } = suspicion;
  const outcome = isToRepair && repair !== undefined && (await repair());
  const repaired = outcome === true;
  const isIndex = suspicion.what === "holder-missing" || suspicion.what === "holder-false";
  if (repaired && isIndex && suspicion.digest !== undefined) memory.unsure.delete(suspicion.digest);
  const remark = typeof outcome === "string" ? outcome : repaired ? undefined : advice;
  return {
    kind: "finding",
    ...place,
    detail: remark === undefined ? detail : `${detail}; ${remark}`,
    repaired,
  };
}
