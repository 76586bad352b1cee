// podman, buildah and skopeo with everything they remember below one directory: images, settings, logins, and the
// cache of where blobs have been seen, which would else decide what is uploaded.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunResult, run } from "./run.ts";

/** The programs; a test asks for those it uses. */
export const CONTAINER_TOOLS = ["root", "unshare", "podman", "buildah", "skopeo"] as const;

// The root user's cache has a fixed place, so each program runs with its own directory mounted there.
const BLOB_CACHE = "/var/lib/containers/cache";
const WITH_OWN_CACHE = `mkdir -p ${BLOB_CACHE} && mount --bind "$1" ${BLOB_CACHE} && shift && exec "$@"`;

// The limits are such as an unprivileged root may set. runc, because crun refuses some machines' cgroups.
const containersConf = (directory: string): string => `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "${directory}/run/libpod"
`;

const ACCEPT_ANYTHING = '{"default": [{"type": "insecureAcceptAnything"}]}';

/** The three programs, speaking plain HTTP to registries. */
export class ContainerTools {
  readonly #directory: string;
  readonly #enter: readonly string[];
  readonly #env: NodeJS.ProcessEnv;

  private constructor(directory: string, enter: readonly string[]) {
    this.#directory = directory;
    this.#enter = enter;
    this.#env = {
      ...process.env,
      HOME: directory,
      TMPDIR: directory,
      XDG_CONFIG_HOME: directory,
      XDG_DATA_HOME: directory,
      XDG_RUNTIME_DIR: join(directory, "run"),
      CONTAINERS_CONF: join(directory, "containers.conf"),
    };
  }

  /** `enter`: what runs a command in another network, put before it. */
  static async create(directory: string, enter: readonly string[] = []): Promise<ContainerTools> {
    for (const name of ["run", "cache"]) await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    await writeFile(join(directory, "containers.conf"), containersConf(directory));
    await writeFile(join(directory, "policy.json"), ACCEPT_ANYTHING);
    return new ContainerTools(directory, enter);
  }

  async podman(...args: readonly string[]): Promise<RunResult> {
    return this.#run(["podman", ...this.#storage(), ...args]);
  }

  async buildah(...args: readonly string[]): Promise<RunResult> {
    return this.#run(["buildah", ...this.#storage(), ...args]);
  }

  async skopeo(...args: readonly string[]): Promise<RunResult> {
    return this.#run(["skopeo", "--policy", join(this.#directory, "policy.json"), ...args]);
  }

  /** Runs a script that builds with what the variable BUILDAH holds. */
  async script(...command: readonly string[]): Promise<RunResult> {
    return this.#run(["env", `BUILDAH=${["buildah", ...this.#storage()].join(" ")}`, ...command]);
  }

  /** `skopeo copy` to or from plain HTTP registries. */
  async copy(from: string, to: string, ...options: readonly string[]): Promise<RunResult> {
    return this.skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", ...options, from, to);
  }

  /** The manifest exactly as the registry has it. */
  async rawManifest(image: string): Promise<string> {
    return (await this.skopeo("inspect", "--tls-verify=false", "--raw", `docker://${image}`)).stdout;
  }

  /** vfs: it mounts nothing, and the images are small. */
  #storage(): string[] {
    const storage = join(this.#directory, "storage");
    const run = join(this.#directory, "run", "storage");
    return ["--root", storage, "--runroot", run, "--storage-driver", "vfs"];
  }

  async #run(command: readonly string[]): Promise<RunResult> {
    const isolated = ["unshare", "--mount", "sh", "-c", WITH_OWN_CACHE, "sh", join(this.#directory, "cache")];
    return run([...this.#enter, ...isolated, ...command], { env: this.#env, cwd: this.#directory });
  }
}
