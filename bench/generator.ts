// The load generator: builds it, runs it, and reads what it measured.
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run, type Server } from "./child.ts";

/** A server under load, and how measurements call it. */
export interface Target {
  readonly name: string;
  readonly server: Pick<Server, "url" | "pid">;
  /** The Authorization header of every request. Absent: there is none. */
  readonly authorization?: string;
}

/** One round of one operation on one peer, as loadgen/measurement.go prints it. */
export interface Measurement {
  readonly operation: string;
  readonly target: string;
  readonly round: number;
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Latencies, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU seconds of all threads of the generator, and of the server. */
  readonly clientCpu: number;
  readonly serverCpu: number;
  readonly errors: number;
  readonly lastError?: string;
}

export interface Load {
  readonly operation: string;
  readonly rounds: number;
  readonly seconds: number;
  /** True: measured at once. Absent: the peers are warmed up first. */
  readonly cold?: boolean;
}

/** Fails with how to get what is missing. */
export async function requireTools(names: readonly string[]): Promise<void> {
  const found = await Promise.all(names.map(isOnPath));
  const missing = names.filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  throw new Error(`missing: ${missing.join(", ")}; on Debian: apt-get install golang-go docker-registry`);
}

async function isOnPath(name: string): Promise<boolean> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const tries = folders.map((folder) => access(join(folder, name), constants.X_OK));
  return await Promise.any(tries).then(
    () => true,
    () => false,
  );
}

export class Generator {
  readonly #program: string;
  readonly #signal: AbortSignal;

  private constructor(program: string, signal: AbortSignal) {
    this.#program = program;
    this.#signal = signal;
  }

  /** Compiles the generator into the folder. */
  static async build(folder: string, signal: AbortSignal): Promise<Generator> {
    const program = join(folder, "loadgen");
    await run(["go", "build", "-o", program, "."], { folder: join(import.meta.dirname, "loadgen"), signal });
    return new Generator(program, signal);
  }

  /** Loads the peers in turn. Throws the first error that any of them answered with. */
  async load(targets: readonly Target[], load: Load): Promise<readonly Measurement[]> {
    const limits = ["-rounds", String(load.rounds), "-seconds", String(load.seconds)];
    const cold = load.cold === true ? ["-cold"] : [];
    const output = await this.run(
      [...targets.flatMap(targetFlag), ...limits, ...cold, "-json", load.operation],
      authorizations(targets),
    );
    return parseMeasurements(output);
  }

  /** Runs it with these arguments, and variables if there are any, and returns what it printed. */
  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    return run([this.#program, ...args], { signal: this.#signal, environment });
  }
}

/** How the generator is told of a target. */
export function targetFlag({ name, server }: Target): readonly string[] {
  return ["-target", `${name}=${server.url}@${server.pid}`];
}

/** As loadgen/target.go reads it: arguments can be seen by every user of the machine. */
function authorizations(targets: readonly Target[]): Readonly<Record<string, string>> {
  const headers = targets.map(({ name, authorization }) => [name, authorization ?? ""]);
  return { LOADGEN_AUTHORIZATION: JSON.stringify(Object.fromEntries(headers)) };
}

function parseMeasurements(output: string): readonly Measurement[] {
  const lines = output.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Measurement);
}
