// A docker engine of the test's own: its daemon, images and socket live below one directory, the network of the
// machine is left alone, and nothing of it remains.
import { mkdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { type RunResult, run } from "./run.ts";
import { ServerProcess } from "./server-process.ts";

/** The programs that a docker engine is made of. */
export const DOCKER_TOOLS = ["root", "docker", "dockerd", "containerd", "setpriv"] as const;

// overlay2 is what people use; vfs works where a file system cannot be stacked on.
const STORAGE_DRIVERS = ["overlay2", "vfs"] as const;
const ISOLATED = [
  "--bridge=none",
  "--iptables=false",
  "--ip6tables=false",
  "--ip-forward=false",
  "--ip-masq=false",
];

/** A running engine and its client. */
export class DockerEngine {
  readonly #server: ServerProcess;
  readonly #enter: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  /** Where the client keeps logins, and drafts of manifest lists. */
  readonly config: string;

  private constructor(
    server: ServerProcess,
    { enter, env, config }: Pick<DockerEngine, "config"> & Surroundings,
  ) {
    this.#server = server;
    this.#enter = enter;
    this.#env = env;
    this.config = config;
  }

  /** `enter`: what runs a command in another network, put before it. */
  static async start(directory: string, enter: readonly string[] = []): Promise<DockerEngine> {
    const socket = join(directory, "docker.sock");
    const config = join(directory, "config");
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_CONFIG: config,
      DOCKER_CLI_EXPERIMENTAL: "enabled", // `docker manifest` of engines before 25
      DOCKER_BUILDKIT: "0",
    };
    const server = await startDaemon({ directory, socket, enter });
    return new DockerEngine(server, { enter, env, config });
  }

  /** The variables by which the docker client finds this engine. */
  get variables(): { readonly DOCKER_HOST: string; readonly DOCKER_CONFIG: string } {
    const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = this.#env;
    return { DOCKER_HOST, DOCKER_CONFIG };
  }

  /** Runs the docker client. */
  async docker(...args: readonly string[]): Promise<RunResult> {
    return run([...this.#enter, "docker", ...args], { env: this.#env });
  }

  /** One field of an image, as a Go template names it. */
  async inspect(image: string, template: string): Promise<string> {
    return (await this.docker("image", "inspect", "--format", template, image)).stdout.trim();
  }

  /** Pushes and returns the digest that the registry was given. */
  async push(image: string): Promise<{ digest: string; output: string }> {
    const output = (await this.docker("push", image)).stdout;
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
    if (digest === undefined) throw new Error(`docker push named no digest:\n${output}`);
    return { digest, output };
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

interface Surroundings {
  readonly enter: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

interface DaemonPlace {
  readonly directory: string;
  readonly socket: string;
  readonly enter: readonly string[];
}

async function startDaemon({ directory, socket, enter }: DaemonPlace): Promise<ServerProcess> {
  const failures: unknown[] = [];
  for (const driver of STORAGE_DRIVERS) {
    const home = join(directory, driver);
    await mkdir(home, { recursive: true });
    const command = [...enter, ...daemonCommand(driver, home, socket)];
    const ready = (): Promise<boolean> => answersPing(socket);
    try {
      return await ServerProcess.start({ command, log: join(home, "log"), ready });
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `dockerd starts with none of ${STORAGE_DRIVERS}: ${failures}`);
}

function daemonCommand(driver: string, home: string, socket: string): string[] {
  return [
    ...["setpriv", "--pdeathsig", "SIGTERM", "dockerd"], // even a test that is killed leaves no daemon
    ...[`--host=unix://${socket}`, `--data-root=${home}/data`, `--exec-root=${home}/exec`],
    ...[`--pidfile=${home}/pid`, `--storage-driver=${driver}`, "--shutdown-timeout=1", ...ISOLATED],
  ];
}

async function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const ping = request({ socketPath, path: "/_ping" }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once("error", reject).end();
  });
}
