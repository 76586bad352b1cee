// A registry in a process of its own, which is killed in the middle of its work and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Attempt } from "./explanation.ts";
import type { Outcome } from "./model.ts";
import type { ModelOptions } from "./model-parts.ts";
import type { Answer, Question } from "./program.ts";
import type { Haste, Registry } from "./registry.ts";
import type { Work } from "./steps.ts";
import type { UsageRows } from "./usage.ts";
import type { World } from "./world.ts";

export interface KilledParts {
  readonly directory: string;
  readonly options: ModelOptions;
  readonly now: () => number;
}

/** A step of a work, as crashes count them, takes about so long here, in milliseconds. */
const CALL_MS = 0.15;

/** What a question comes to when the process ends before it is answered. */
class Killed extends Error {}

export class KilledRegistry implements Registry {
  readonly #parts: KilledParts;
  #process: ChildProcess | undefined;
  #questions = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  kills = 0;
  /** How many works were under way when the process was killed, altogether. */
  interrupted = 0;

  constructor(parts: KilledParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { directory, options } = this.#parts;
    const program = join(import.meta.dirname, "program.ts");
    const stdio: ["pipe", "pipe", "inherit"] = ["pipe", "pipe", "inherit"];
    const child = spawn(process.execPath, [program, directory, JSON.stringify(options)], { stdio });
    this.#process = child;
    const questions = new Map<number, PromiseWithResolvers<unknown>>();
    this.#questions = questions;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      const question = questions.get(answer.id);
      questions.delete(answer.id);
      if (answer.error === undefined) question?.resolve(answer.result);
      else question?.reject(new Error(answer.error));
    });
    child.stdin.on("error", () => undefined); // it was killed while it was told something
    child.once("close", () => {
      for (const question of questions.values()) question.reject(new Killed("the process was killed"));
    });
    await this.#ask({ kind: "begin" });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  carryOut(work: Work): Promise<Outcome> {
    return this.#ask({ kind: "work", work });
  }

  async together(works: readonly Work[], { calls }: Haste): Promise<readonly Attempt[]> {
    const attempts = Promise.all(works.map((work) => this.#attempt(work)));
    if (calls === undefined) return attempts;
    await wait(calls * CALL_MS);
    this.kills += 1;
    await this.stop();
    const ended = await attempts;
    this.interrupted += ended.filter(({ outcome }) => outcome === undefined).length;
    await this.start();
    return ended;
  }

  observe(): Promise<World> {
    return this.#ask({ kind: "observe" });
  }

  usage(): Promise<UsageRows> {
    return this.#ask({ kind: "usage" });
  }

  problems(strays: readonly string[]): Promise<readonly string[]> {
    return this.#ask({ kind: "problems", strays });
  }

  repair(): Promise<void> {
    return this.#ask({ kind: "repair" });
  }

  remains(letters: string): Promise<readonly string[]> {
    return this.#ask({ kind: "remains", letters });
  }

  async #attempt(work: Work): Promise<Attempt> {
    try {
      return { work, outcome: await this.carryOut(work) };
    } catch (error) {
      if (error instanceof Killed) return { work };
      throw error;
    }
  }

  async #ask<T>(question: Question): Promise<T> {
    const id = ++this.#asked;
    const answer = Promise.withResolvers<unknown>();
    this.#questions.set(id, answer);
    const { now } = this.#parts;
    this.#process?.stdin?.write(`${JSON.stringify({ id, time: now(), question })}\n`);
    return (await answer.promise) as T; // the program answers each kind with its own
  }
}
