// A network of the test's own, with a registry's name in it that is no loopback address: docker trusts any
// certificate, and none, on loopback. It lives as long as one process and leaves nothing on the machine: neither
// interfaces nor files in /etc, which is its own there, too.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryPlace } from "./local-registry.ts";
import { lacking } from "./required-tools.ts";
import { run, tryRun } from "./run.ts";
import { ServerProcess } from "./server-process.ts";

/** The name that is known in the network. */
export const REGISTRY_NAME = "registry.test";

const ADDRESS = "192.0.2.10"; // RFC 5737: nobody's
const PORT = 5000;
const TOOLS = ["root", "unshare", "nsenter", "setpriv", "ip", "mount", "bash"] as const;

const SET_UP = `
set -e
ip link set lo up
ip address add ${ADDRESS}/32 dev lo
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
echo "${ADDRESS} ${REGISTRY_NAME}" >>/etc/hosts
echo ready
exec sleep infinity
`;

/** A reason to skip what needs such a network, or false. */
export async function lackingNetwork(): Promise<string | false> {
  const tools = lacking(...TOOLS);
  if (tools !== false) return tools;
  const probe = await tryRun(["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"]);
  return probe.code !== 0 && `needs a network namespace: ${probe.stderr.trim()}`;
}

export class PrivateNetwork {
  /** What runs a command in the network, put before it. */
  readonly enter: readonly string[];
  /** Where a registry may listen. */
  readonly place: RegistryPlace;
  readonly #holder: ServerProcess;

  private constructor(holder: ServerProcess) {
    this.#holder = holder;
    const namespaces = ["net", "mnt"].map((name) => `/proc/${holder.pid}/ns/${name}`);
    const enter = ["nsenter", `--net=${namespaces[0]}`, `--mount=${namespaces[1]}`];
    this.enter = enter;
    this.place = {
      host: `${REGISTRY_NAME}:${PORT}`,
      address: `${ADDRESS}:${PORT}`,
      enter,
      answers: async () =>
        (await tryRun([...enter, "bash", "-c", `: </dev/tcp/${ADDRESS}/${PORT}`])).code === 0,
    };
  }

  static async open(directory: string): Promise<PrivateNetwork> {
    for (const name of ["upper", "work"]) await mkdir(join(directory, name), { recursive: true });
    const log = join(directory, "log");
    const holder = await ServerProcess.start({
      command: [
        ...["setpriv", "--pdeathsig", "SIGTERM", "unshare", "--net", "--mount"],
        ...["sh", "-c", SET_UP, "sh", directory],
      ],
      log,
      ready: async () => /^ready$/m.test(await readFile(log, "utf8")),
    });
    return new PrivateNetwork(holder);
  }

  /** Makes docker, podman and skopeo there trust the authority in this file for the registry. */
  async trust(authority: string): Promise<void> {
    for (const tools of ["docker", "containers"]) {
      const file = `/etc/${tools}/certs.d/${this.place.host}/ca.crt`;
      await run([...this.enter, "install", "-D", "--mode=644", authority, file]);
    }
  }

  async close(): Promise<void> {
    await this.#holder.stop();
  }
}
