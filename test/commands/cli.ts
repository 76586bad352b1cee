// The real command line in a process of its own, with no variables but those
// the test gives.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "../../src/commands/program.ts";
import type { Input, Output, World } from "../../src/commands/world.ts";
import { eventually } from "../support/eventually.ts";
import { type RunResult, tryRun } from "../support/run.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** Runs a command to its end. */
export function stowage(args: readonly string[], env: Environment = {}): Promise<RunResult> {
  return tryRun([process.execPath, MAIN, ...args], { env: { ...env } });
}

export interface HereOptions {
  /** True: it prints to a terminal. */
  readonly isTerminal?: boolean;
  /** Absent: as `isTerminal`. */
  readonly hasColors?: boolean;
  /** How wide the terminal is. Absent: wide enough. */
  readonly columns?: number;
  /** Absent: empty. */
  readonly environment?: Environment;
  /** What it reads. Absent: nothing, from something that is no terminal. */
  readonly input?: string | { readonly hiddenLines: readonly string[] | undefined };
  /** The time it sees, in milliseconds since 1970. */
  readonly now?: number;
}

/** Runs a command in this process, where it prints to nobody: quick, for what ends by itself and opens nothing. */
export async function stowageHere(args: readonly string[], options: HereOptions = {}): Promise<RunResult> {
  const { isTerminal = false, environment = {}, now = Date.now() } = options;
  const { hasColors = isTerminal, columns } = options;
  const terminal = { isTerminal, hasColors, ...(columns !== undefined && { columns }) };
  const [out, outText] = collect(terminal);
  const [err, errText] = collect(terminal);
  const world: World = {
    environment,
    nodeVersion: "0.0.0",
    pid: 1,
    platform: "none",
    now: () => now,
    input: inputOf(options.input ?? ""),
    out,
    err,
    writeBytes: (bytes) => out.write(Buffer.from(bytes).toString("latin1")),
    onStopSignal: () => () => undefined,
    onStraySignal: () => () => undefined,
    writeLog: err.write,
    lastWords: (text) => void err.write(text),
    onCrash: () => () => undefined,
    exit: (code) => {
      throw new Error(`it exits with ${code}`);
    },
  };
  const code = await runCommandLine(world, args);
  return { code, stdout: outText(), stderr: errText() };
}

/** Text, or lines that somebody types without seeing them; undefined: they give up. */
function inputOf(input: NonNullable<HereOptions["input"]>): Input {
  return {
    isTerminal: typeof input !== "string",
    readAll: async () => (typeof input === "string" ? input : ""),
    ask: async () => (typeof input === "string" ? undefined : input.hiddenLines?.[0]),
    askHidden: async () => (typeof input === "string" ? undefined : input.hiddenLines),
  };
}

function collect(terminal: Omit<Output, "write">): [Output, () => string] {
  const texts: string[] = [];
  const output: Output = { ...terminal, write: async (text) => void texts.push(text) };
  return [output, () => texts.join("")];
}

/** A command that runs until it is told to stop. */
export class RunningCommand {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown[]>;
  /** What it wrote to standard error so far. */
  errors = "";

  constructor(args: readonly string[], env: Environment = {}) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#exit = once(this.#child, "exit");
  }

  /** The next line of its output; throws with its errors when it has ended. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`it ended: ${this.errors}`);
    return value;
  }

  /** Closes the other end of its output, as head does when it has seen enough. */
  stopReading(): void {
    this.#child.stdout.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** How it ended: a code, or the signal that ended it. */
  async exit(): Promise<unknown> {
    const [code, signal] = await this.#exit;
    return code ?? signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }
}

/** A registry in memory on a port of its own; returns where. */
export async function startServe(env: Environment = {}): Promise<{ command: RunningCommand; url: string }> {
  const command = new RunningCommand(["serve"], {
    REGISTRY_STORAGE: "inmemory",
    REGISTRY_HTTP_ADDR: "127.0.0.1:0",
    ...env,
  });
  const isForPeople = (env.REGISTRY_LOG_FORMATTER ?? "text") === "text";
  const url = isForPeople
    ? / listens on (http:\S+)$/.exec(await command.line())?.[1]
    : await urlInLog(command);
  if (url === undefined) throw new Error("it does not say where it listens");
  return { command, url };
}

/** Where it listens, as its log tells collectors. */
export function urlInLog(command: RunningCommand): Promise<string> {
  return eventually(
    "a line that says where it listens",
    async () => /"url":"([^"]+)","message":"listening"/.exec(command.errors)?.[1],
    () => command.errors,
  );
}
