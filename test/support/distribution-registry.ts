// A registry of distribution's (Debian's docker-registry), with its tree in a directory of the test's own.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "./local-registry.ts";
import { ServerProcess } from "./server-process.ts";

/** The program; a test asks for it. */
export const DISTRIBUTION = "docker-registry";

export interface DistributionOptions {
  readonly directory: string;
  /** True: nothing can be pushed. */
  readonly readOnly?: boolean;
  /** "127.0.0.1:port". Absent: on a port of its own. */
  readonly host?: string;
}

export class DistributionRegistry {
  readonly host: string;
  /** What it is configured with. */
  readonly data: string;
  readonly #server: ServerProcess;

  private constructor(host: string, data: string, server: ServerProcess) {
    this.host = host;
    this.data = data;
    this.#server = server;
  }

  static async start({
    directory,
    readOnly = false,
    ...options
  }: DistributionOptions): Promise<DistributionRegistry> {
    const host = options.host ?? `127.0.0.1:${await freePort()}`;
    const data = join(directory, "distribution");
    const config = join(directory, "distribution.yml");
    const maintenance = { uploadpurging: { enabled: false }, readonly: { enabled: readOnly } };
    const configuration = {
      version: 0.1,
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: data }, delete: { enabled: true }, maintenance },
      http: { addr: host },
      compatibility: { schema1: { enabled: true } },
    };
    await writeFile(config, stringify(configuration));
    const server = await ServerProcess.start({
      command: [DISTRIBUTION, "serve", config],
      env: withoutAws(process.env),
      log: join(directory, "distribution.log"),
      ready: async () => (await fetch(`http://${host}/v2/`)).status === 200,
    });
    return new DistributionRegistry(host, data, server);
  }

  /** A path of its tree. */
  path(...parts: readonly string[]): string {
    return join(this.data, "docker/registry/v2", ...parts);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

/** It loads a client of a cloud's, which fails with this variable. */
function withoutAws({ AWS_CA_BUNDLE: _, ...environment }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return environment;
}
