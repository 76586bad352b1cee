// Starts a server for a test as a process of its own, waits until it answers, and ends it. The process's output
// goes to a log file, the end of which is quoted when something goes wrong.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";

/** What to start. */
export interface ServerOptions {
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes. */
  readonly log: string;
  /** True when the server answers. A rejection counts as false. */
  readonly ready: () => Promise<boolean>;
}

const START_LIMIT = 30_000;
const STOP_LIMIT = 15_000;

/** A server that runs. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #killAtExit = (): void => void this.#child.kill("SIGTERM");
  readonly log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.log = log;
    process.once("exit", this.#killAtExit);
  }

  /** Starts the server and waits until it is ready; throws with its log when it ends or takes too long. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const [program = "", ...args] = options.command;
    const output = openSync(options.log, "a");
    const child = spawn(program, args, { env: options.env, stdio: ["ignore", output, output] });
    closeSync(output);
    child.once("error", () => {}); // it shows as a process without an id
    const server = new ServerProcess(child, options.log);
    try {
      await server.#untilReady(options.ready);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the server and waits for it; kills it when it does not end by itself. */
  async stop(): Promise<void> {
    process.off("exit", this.#killAtExit);
    if (this.#ended()) return;
    const closed = new Promise((resolve) => this.#child.once("exit", resolve));
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT);
    this.#child.kill("SIGTERM");
    await closed;
    clearTimeout(kill);
  }

  #ended(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  async #untilReady(ready: () => Promise<boolean>): Promise<void> {
    const limit = Date.now() + START_LIMIT;
    while (!(await ready().catch(() => false))) {
      if (this.#ended() || Date.now() > limit)
        throw new Error(`server did not start:\n${await this.logTail()}`);
      await wait(25);
    }
  }

  /** The end of what the server printed. */
  async logTail(): Promise<string> {
    return (await readFile(this.log, "utf8")).split("\n").slice(-40).join("\n");
  }
}
