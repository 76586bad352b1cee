// A containerd of the test's own: everything it keeps lies below one directory.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunResult, run, tryRun } from "./run.ts";
import { ServerProcess } from "./server-process.ts";

/** The programs that it is made of. */
export const CONTAINERD_TOOLS = ["root", "containerd", "ctr", "setpriv"] as const;

const configuration = (directory: string): string => `
version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${directory}/socket"
[ttrpc]
address = "${directory}/ttrpc"
`;

/** A running containerd and its client. */
export class Containerd {
  readonly #server: ServerProcess;
  readonly #directory: string;

  private constructor(server: ServerProcess, directory: string) {
    this.#server = server;
    this.#directory = directory;
  }

  static async start(directory: string): Promise<Containerd> {
    await mkdir(directory, { recursive: true });
    const config = join(directory, "config.toml");
    await writeFile(config, configuration(directory));
    const server = await ServerProcess.start({
      command: ["setpriv", "--pdeathsig", "SIGTERM", "containerd", "--config", config],
      log: join(directory, "log"),
      ready: async () => (await tryRun(ctrCommand(directory, "version"))).code === 0,
    });
    return new Containerd(server, directory);
  }

  /** Runs containerd's own client. */
  async ctr(...args: readonly string[]): Promise<RunResult> {
    return run(ctrCommand(this.#directory, ...args));
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

function ctrCommand(directory: string, ...args: readonly string[]): string[] {
  return ["ctr", "--address", join(directory, "socket"), "--namespace", "test", ...args];
}
