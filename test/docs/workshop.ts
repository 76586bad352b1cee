// Where examples of docs/events.md are run as they stand, but for the registry's
// address: a directory with the packages, the generated code and the command line.
import { spawn } from "node:child_process";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAIN } from "../support/local-registry.ts";
import { tryRun } from "../support/run.ts";
import { RunningExample } from "./running-example.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where the page's examples ask. */
const ADDRESS = "http://127.0.0.1:5000";

export interface WorkshopOptions {
  readonly directory: string;
  /** The registry's URL. */
  readonly url: string;
}

export class Workshop {
  readonly directory: string;
  readonly #url: string;

  private constructor({ directory, url }: WorkshopOptions) {
    this.directory = directory;
    this.#url = url;
  }

  static async open(options: WorkshopOptions): Promise<Workshop> {
    const { directory } = options;
    await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
    await symlink(join(ROOT, "src/gen"), join(directory, "gen"));
    await writeFile(join(directory, "package.json"), '{"type": "module"}');
    await mkdir(join(directory, "bin"));
    const workshop = new Workshop(options);
    await workshop.#installCommandLine();
    return workshop;
  }

  /** Writes a file, asking the registry of this workshop. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, text.replaceAll(ADDRESS, this.#url));
    return path;
  }

  /** Runs a program to its end. */
  run(command: readonly string[]) {
    return tryRun(command, { cwd: this.directory, env: this.#environment });
  }

  /** Starts a program that ends when it is killed. */
  start([program = "", ...args]: readonly string[]): RunningExample {
    // A group of its own, so that nothing it started outlives it.
    const options = { cwd: this.directory, env: this.#environment, detached: true } as const;
    return new RunningExample(spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] }));
  }

  get #environment(): NodeJS.ProcessEnv {
    const { PATH, HOME, GOCACHE } = process.env;
    const path = [join(this.directory, "bin"), PATH].join(delimiter);
    return { PATH: path, HOME, ...(GOCACHE !== undefined && { GOCACHE }), PYTHONDONTWRITEBYTECODE: "1" };
  }

  /** The registry's own command, which asks this workshop's registry. */
  async #installCommandLine(): Promise<void> {
    const path = join(this.directory, "bin", "stowage");
    const server = `case $1 in events | consumers | webhooks) set -- "$@" --server ${this.#url} ;; esac`;
    await writeFile(path, `#!/bin/sh\n${server}\nexec ${process.execPath} ${MAIN} "$@"\n`);
    await chmod(path, 0o755);
  }
}
