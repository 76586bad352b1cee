// Runs other programs for tests: output is captured, a failure says what was run and what it printed, and no
// program outlives its time.
import { spawn } from "node:child_process";

/** How to run a program. */
export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** In milliseconds; three minutes if absent. */
  readonly timeout?: number;
}

/** What a program left behind. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT = 180_000; // for machines with a slow disk; every test is done in seconds

/** Runs a program to its end; throws, with its output, unless it exits with 0. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await tryRun(command, options);
  if (result.code === 0) return result;
  throw new Error(`${command.join(" ")}\nexited with ${result.code}\n${result.stdout}${result.stderr}`);
}

/** Runs a program to its end, whatever its exit code; throws when it cannot be started or takes too long. */
export async function tryRun(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error("nothing to run");
  const { env, cwd, timeout = LIMIT } = options;
  const child = spawn(program, args, {
    env,
    cwd,
    timeout,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, end] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal ?? "nothing"));
    }),
  ]);
  if (typeof end === "number") return { code: end, stdout, stderr };
  throw new Error(`${command.join(" ")}\nwas ended by ${end} (limit ${timeout} ms)\n${stdout}${stderr}`);
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
