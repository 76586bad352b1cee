// A container that podman runs, as its tests wait for it.
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import type { RunResult } from "../support/run.ts";

export type Podman = (...args: readonly string[]) => Promise<RunResult>;

/** What podman says of a container. */
interface Inspected {
  readonly State: {
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Status: string;
    readonly Health: { readonly Status: string };
  };
}

export interface ContainerState {
  /** Of its first process. */
  readonly pid: number;
}

export class Container {
  readonly #name: string;
  readonly #podman: Podman;

  constructor(name: string, podman: Podman) {
    this.#name = name;
    this.#podman = podman;
  }

  /** Resolves when its health check has succeeded. Where no systemd runs it on time, it has to be run. */
  async healthy(): Promise<ContainerState> {
    return eventually("the container is healthy", async () => {
      await this.#podman("healthcheck", "run", this.#name).catch(() => undefined);
      const { Health, Pid, Status } = await this.#state();
      if (Status === "exited")
        throw new Error(`it ended:\n${(await this.#podman("logs", this.#name)).stderr}`);
      return Health.Status === "healthy" ? { pid: Pid } : undefined;
    });
  }

  /** Stops it with SIGTERM; throws unless it ends by itself within its drain time, and well. */
  async endsInOrder(): Promise<void> {
    await this.#podman("stop", "--time", "30", this.#name);
    const { ExitCode, Status } = await this.#state();
    assert.deepEqual([Status, ExitCode], ["exited", 0]);
  }

  async #state(): Promise<Inspected["State"]> {
    const { stdout } = await this.#podman("container", "inspect", this.#name);
    const [container]: readonly Inspected[] = JSON.parse(stdout);
    if (container === undefined) throw new Error(`there is no container ${this.#name}`);
    return container.State;
  }
}
