// A registry of the test's own: in a process that the test may configure, kill, start again on the same data and
// port, and look into from outside. Never the registry that STOWAGE_TEST_REGISTRY names.
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { ServerProcess } from "./server-process.ts";

/** A second, as Linux counts processor time on all platforms Node runs on. */
const CLOCK_TICKS = 100;

/** The command line of the registry. */
export const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Where a registry runs that is not on this machine's loopback; see private-network.ts. */
export interface RegistryPlace {
  /** What clients there call it: "registry.test:5000". */
  readonly host: string;
  /** What it listens on. */
  readonly address: string;
  /** What runs a command there, put before it. */
  readonly enter: readonly string[];
  /** True when something answers at the address. */
  readonly answers: () => Promise<boolean>;
}

/** What a test may choose. */
export interface LocalRegistryOptions {
  /** For the configuration and the log. */
  readonly directory: string;
  /** Absent: on a port of its own on 127.0.0.1. */
  readonly place?: RegistryPlace;
  /** More members of the configuration's http section, such as `tls`. */
  readonly http?: Readonly<Record<string, unknown>>;
  /** Where its data lies. Absent: in the directory. */
  readonly data?: string;
  /** The members of the configuration's http.timeouts. */
  readonly timeouts?: Readonly<Record<string, string>>;
  /** More sections of the configuration, such as `notifications`. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** What the kernel says of a process's memory, in bytes. */
export interface MemoryUse {
  readonly now: number;
  readonly peak: number;
}

/** A registry process that can come and go. */
export class LocalRegistry {
  readonly host: string;
  readonly url: string;
  readonly log: string;
  readonly data: string;
  /** Its configuration file. */
  readonly config: string;
  readonly #options: LocalRegistryOptions;
  #server: ServerProcess | undefined;

  private constructor(options: LocalRegistryOptions, host: string) {
    this.#options = options;
    this.host = host;
    this.url = `${options.http?.tls === undefined ? "http" : "https"}://${host}`;
    this.log = join(options.directory, "registry.log");
    this.data = options.data ?? join(options.directory, "data");
    this.config = join(options.directory, "config.yml");
  }

  /** Starts a registry; deleting is allowed. */
  static async start(options: LocalRegistryOptions): Promise<LocalRegistry> {
    const host = options.place?.host ?? `127.0.0.1:${await freePort()}`;
    const registry = new LocalRegistry(options, host);
    await registry.configure(options.sections);
    await registry.restart();
    return registry;
  }

  /** Writes its configuration again, with these sections instead of those there were. */
  async configure(sections: LocalRegistryOptions["sections"] = {}): Promise<void> {
    await writeFile(this.config, stringify(this.#configuration({ ...this.#options, sections })));
  }

  /** Starts it again, after kill or stop, and resolves when it answers: 200, or 401 where it asks who is there. */
  restart(): Promise<void> {
    return this.#start(() => this.#answers());
  }

  /** Starts it again and kills it after so many milliseconds, ready or not. */
  async startAndKill(delay: number): Promise<void> {
    await this.#start(async () => {
      await wait(delay);
      return true;
    });
    await this.kill();
  }

  /** Ends it with no chance to finish anything. */
  async kill(): Promise<void> {
    process.kill(this.pid, "SIGKILL");
    await this.stop();
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  get pid(): number {
    const pid = this.#server?.pid;
    if (pid === undefined) throw new Error("the registry does not run");
    return pid;
  }

  /** How many files and connections the process has open. */
  async openFiles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  async memory(): Promise<MemoryUse> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  }

  /** How many seconds of processor time it has used since it was started. */
  async processorTime(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")")).split(" "); // proc_pid_stat(5): utime and stime are 14 and 15
    return (Number(fields[12]) + Number(fields[13])) / CLOCK_TICKS;
  }

  /** True while the process has not ended. */
  isRunning(): boolean {
    try {
      process.kill(this.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  /** What it has logged, all starts together. */
  async logText(): Promise<string> {
    return readFile(this.log, "utf8");
  }

  async #start(ready: () => Promise<boolean>): Promise<void> {
    const enter = this.#options.place?.enter ?? [];
    const command = [...enter, process.execPath, MAIN, "serve", "--config", this.config];
    this.#server = await ServerProcess.start({ command, log: this.log, ready });
  }

  async #answers(): Promise<boolean> {
    const { place, http } = this.#options;
    if (place !== undefined) return place.answers();
    if (http?.tls !== undefined) return listens(this.host);
    return [200, 401].includes((await fetch(`${this.url}/v2/`)).status);
  }

  #configuration({ timeouts = {}, sections = {}, place, http }: LocalRegistryOptions): unknown {
    const addr = place?.address ?? this.host;
    return {
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: this.data }, delete: { enabled: true } },
      http: { addr, ...(Object.keys(timeouts).length > 0 && { timeouts }), ...http },
      events: { pulls: { enabled: false } },
      ...sections,
    };
  }
}

/** True when somebody listens at "host:port". */
async function listens(host: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${host}`);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return address.port;
}
