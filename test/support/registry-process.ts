// The registry that real clients talk to: as its users start it, in a process of its own.
// STOWAGE_TEST_REGISTRY=host:port points the clients at a registry that runs already, Stowage or not.
import { randomBytes } from "node:crypto";
import { LocalRegistry } from "./local-registry.ts";

/** The registry that runs already, if the tests were pointed at one. */
export const otherRegistry: string | undefined = process.env.STOWAGE_TEST_REGISTRY;

/** A registry to test. */
export class RegistryProcess {
  /** "127.0.0.1:port", as it stands in names of images. */
  readonly host: string;
  readonly url: string;
  /** Undefined when it was there before the test. */
  readonly local: LocalRegistry | undefined;
  readonly #prefix = `t${randomBytes(4).toString("hex")}`;

  private constructor(host: string, local?: LocalRegistry) {
    this.host = host;
    this.url = `http://${host}`;
    this.local = local;
  }

  /** Starts a registry with its data in `directory`; deleting is allowed. */
  static async start(directory: string): Promise<RegistryProcess> {
    if (otherRegistry !== undefined) return new RegistryProcess(otherRegistry);
    const local = await LocalRegistry.start({ directory });
    return new RegistryProcess(local.host, local);
  }

  /** A repository of this test alone, without the host. */
  repository(name: string): string {
    return `${this.#prefix}/${name}`;
  }

  /** The name under which clients push to `repository(name)`. */
  image(name: string): string {
    return `${this.host}/${this.repository(name)}`;
  }

  async stop(): Promise<void> {
    await this.local?.stop();
  }
}
