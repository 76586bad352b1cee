// An example that runs until it is killed, and the lines that it prints.
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { eventually } from "../support/eventually.ts";

export class RunningExample implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exit: Promise<unknown>;
  /** What it printed so far. */
  readonly lines: string[] = [];
  #errors = "";

  /** Of a process that leads a group. */
  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    this.#exit = once(child, "close");
    createInterface(child.stdout).on("line", (line) => this.lines.push(line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
  }

  /** Resolves when it has printed so many lines. */
  waitFor(count: number): Promise<void> {
    return this.#until(`line ${count}`, () => this.lines.length >= count);
  }

  /** Resolves when it has printed this line. */
  waitForLine(line: string): Promise<void> {
    return this.#until(line, () => this.lines.includes(line));
  }

  /** Kills it and all that it started. */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
    await this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    const look = async () => (isThere() ? true : undefined);
    await eventually(what, look, () => `after\n${this.lines.join("\n")}\n${this.#errors}`);
  }
}
