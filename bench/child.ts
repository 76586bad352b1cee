// Processes that a benchmark starts: run to the end, or kept as a server until stopped.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** How long a server may take to answer, and to stop. In milliseconds. */
const PATIENCE = 60_000;

/** Runs a command and returns what it printed; fails with its error output when it fails. */
export async function run(
  command: readonly [string, ...string[]],
  options: {
    readonly folder?: string;
    readonly signal: AbortSignal;
    /** Beside the variables that are set already. */
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const [file, ...rest] = command;
  const child = spawn(file, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal,
    env: { ...process.env, ...options.environment },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  });
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${errors() || output()}`);
  return output();
}

/** Keeps the text a stream yields; call the result for all of it. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => chunks.push(chunk));
  return () => chunks.join("");
}

/** A server that runs until it is stopped. */
export class Server {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, url: string) {
    this.#child = child;
    this.pid = pid;
    this.url = url;
  }

  /** Starts the command and waits until it answers at /v2/ of the port, if only to ask for credentials. */
  static async start(
    command: readonly [string, ...string[]],
    port: number,
    /** Where all that it prints goes. Absent: nowhere, and what is an error into the message when it does not start. */
    output?: string,
  ): Promise<Server> {
    const [file, ...rest] = command;
    const place = output === undefined ? undefined : openSync(output, "a");
    const child = spawn(file, rest, {
      stdio: ["ignore", place ?? "ignore", place ?? "pipe"],
      env: environment(),
    });
    if (place !== undefined) closeSync(place);
    const errors = child.stderr === null ? () => `see ${output}` : collect(child.stderr);
    await once(child, "spawn");
    const server = new Server(child, child.pid ?? 0, `http://127.0.0.1:${port}`);
    try {
      await server.#answers();
      return server;
    } catch (error) {
      await server.stop();
      throw new Error(`${command.join(" ")} did not start: ${errors()}`, { cause: error });
    }
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (Date.now() < deadline && this.#child.exitCode === null) {
      const response = await fetch(`${this.url}/v2/`).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok || response?.status === 401) return;
      await wait(10);
    }
    throw new Error("no answer");
  }

  /** Asks it to end; kills it when it does not. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE / 6);
    await gone;
    clearTimeout(kill);
  }
}

/** The environment without settings meant for a registry of the user's own. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REGISTRY_")));
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
