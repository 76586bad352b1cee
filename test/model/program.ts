// The process that is killed: a registry over LevelDB and files. Each line tells it the time and what to do; it answers
// in lines, each as soon as it is done. Arguments: the directory, and the options as JSON.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openFilesystemStores } from "../../src/blobs/filesystem-stores.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { carryOut, type Workplace } from "./carry-out.ts";
import { problemsOf, remainsOf, repairAll } from "./inspection.ts";
import { openWorkplace } from "./local-registry.ts";
import type { ModelOptions } from "./model-parts.ts";
import { observe, observeUsage } from "./observe.ts";
import { Pool } from "./pool.ts";
import type { Work } from "./steps.ts";
import { plantIn } from "./tree.ts";

export type Question =
  | { readonly kind: "begin" | "observe" | "usage" | "repair" }
  | { readonly kind: "work"; readonly work: Work }
  | { readonly kind: "problems"; readonly strays: readonly string[] }
  | { readonly kind: "remains"; readonly letters: string };

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  /** What was thrown. */
  readonly error?: string;
}

interface Line {
  readonly id: number;
  readonly time: number;
  readonly question: Question;
}

async function answer(workplace: Workplace, question: Question): Promise<unknown> {
  switch (question.kind) {
    case "begin":
      return workplace.core.uploads.sweepOrphans();
    case "work":
      return carryOut(workplace, question.work);
    case "observe":
      return observe(workplace);
    case "usage":
      return observeUsage(workplace);
    case "problems":
      return problemsOf(workplace, question.strays);
    case "repair":
      return repairAll(workplace);
    case "remains":
      return remainsOf(workplace, question.letters);
  }
}

let counted = 0;

/** By the system's steady clock, in units of 10 microseconds, so that a process that comes later counts on. */
function count(): number {
  counted = Math.max(counted + 1, Number((process.hrtime.bigint() / 10_000n) % 2n ** 32n));
  return counted;
}

async function main([directory = "", options = "{}"]: readonly string[]): Promise<void> {
  const clock = { time: 0 };
  const now = () => clock.time;
  const pool = new Pool();
  const { adopter, ...stores } = await openFilesystemStores({ root: join(directory, "stowage"), now });
  const metadata = new Catalogue(await LevelEngine.open(join(directory, "metadata")));
  const plant = plantIn(join(directory, `trees-${process.pid}`), pool);
  const workplace = openWorkplace({
    stores: { ...stores, metadata },
    pool,
    options: JSON.parse(options) as ModelOptions,
    now,
    count,
    adopter,
    plant,
  });
  const tell = (told: Answer) => void process.stdout.write(`${JSON.stringify(told)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, time, question } = JSON.parse(line) as Line;
    clock.time = time;
    answer(workplace, question).then(
      (result) => tell({ id, result }),
      (error: unknown) => tell({ id, error: error instanceof Error ? String(error.stack) : String(error) }),
    );
  }
  process.exit(0);
}

if (import.meta.main) await main(process.argv.slice(2));
