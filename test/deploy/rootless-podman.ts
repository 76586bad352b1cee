// podman as somebody without rights runs it: the user "nobody", with ids for its containers that only this test sees.
import { chown, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunResult, run } from "../support/run.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

export const ROOTLESS = ["root", "unshare", "setpriv", "newuidmap", "podman", "runc"] as const;

const NOBODY = 65534;
/** Ids that no other user of the machine has, as in subuid(5). */
const IDS = "nobody:400000:70000\n";

const CONTAINERS_CONF = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
`;

/** The files of ids are others for this command alone. */
const ENTER = `mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec "$@"`;

export class RootlessPodman implements AsyncDisposable {
  /** The user's own. */
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<RootlessPodman> {
    const podman = new RootlessPodman(await makeTemporaryDirectory());
    for (const name of ["home", "run"]) await podman.#own(join(podman.directory, name));
    await writeFile(join(podman.directory, "containers.conf"), CONTAINERS_CONF);
    await writeFile(join(podman.directory, "ids"), IDS);
    await chown(podman.directory, NOBODY, NOBODY);
    return podman;
  }

  /** Copies a file or directory to where the user can read it; returns where that is. */
  async bring(name: string, path: string): Promise<string> {
    const copy = join(this.directory, name);
    await cp(path, copy, { recursive: true });
    return copy;
  }

  async run(...args: readonly string[]): Promise<RunResult> {
    const { directory } = this;
    const variables = {
      PATH: process.env.PATH,
      HOME: join(directory, "home"),
      TMPDIR: join(directory, "home"),
      XDG_RUNTIME_DIR: join(directory, "run"),
      CONTAINERS_CONF: join(directory, "containers.conf"),
    };
    const command = [
      ...["unshare", "--mount", "sh", "-c", ENTER, "sh", join(directory, "ids")],
      ...["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
      ...["podman", "--storage-driver", "vfs", ...args],
    ];
    return run(command, { env: variables, cwd: directory });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("rm", "--force", "--all", "--time", "0").catch(() => undefined);
    // What keeps the user's namespace alive between two commands.
    const pid = await readFile(join(this.directory, "run/libpod/tmp/pause.pid"), "utf8").catch(() => "");
    if (/^\d+$/.test(pid)) process.kill(Number(pid), "SIGTERM");
    await removeTemporaryDirectory(this.directory);
  }

  async #own(path: string): Promise<void> {
    await mkdir(path, { mode: 0o700 });
    await chown(path, NOBODY, NOBODY);
  }
}
