// grpc.health.v1: whether the registry and each of its services serve, for load
// balancers and orchestrators (github.com/grpc/grpc/blob/master/doc/health-checking.md).
// "" stands for the registry as a whole, and follows its readiness like each service;
// "liveness" is well as long as anybody answers.
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.ts";
import { MAX_SMALL_REQUEST } from "./mount.ts";

/** The name to ask for by who wants to know whether the process is to be started again: a full disk is no reason. */
const LIVENESS = "liveness";

/** What health answers from. */
export interface HealthStatus {
  /** The names that have a status, "" among them. */
  readonly services: readonly string[];
  readonly isServing: boolean;
  /** Resolves after the next change, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

/** The status of a process whose services start and stop together. */
export class ProcessHealth implements HealthStatus {
  readonly services: readonly string[];
  #isServing = true;
  readonly #waiting = new Set<() => void>();

  constructor(services: readonly DescService[]) {
    this.services = ["", ...services.map(({ typeName }) => typeName)];
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  setServing(isServing: boolean): void {
    if (isServing === this.#isServing) return;
    this.#isServing = isServing;
    for (const wake of this.#waiting) wake();
  }

  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}

/** Mounts the health service. Give it the server's shutdown signal, so that watches end when the server stops. */
export function addHealth(
  router: ConnectRouter,
  health: HealthStatus,
  options?: Partial<UniversalHandlerOptions>,
): void {
  const overall = () => (health.isServing ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  const statusOf = (service: string) => {
    if (service === LIVENESS) return ServingStatus.SERVING;
    return health.services.includes(service) ? overall() : undefined;
  };
  router.service(
    Health,
    {
      check({ service }) {
        const status = statusOf(service);
        if (status !== undefined) return { status };
        throw new ConnectError(`there is no service "${service.slice(0, 200)}"`, Code.NotFound);
      },
      list: () => ({
        statuses: Object.fromEntries(
          [...health.services, LIVENESS].map((service) => [
            service,
            { status: statusOf(service) ?? ServingStatus.SERVICE_UNKNOWN },
          ]),
        ),
      }),
      async *watch({ service }, { signal }) {
        const status = () => statusOf(service) ?? ServingStatus.SERVICE_UNKNOWN;
        let sent: ServingStatus | undefined;
        for (;;) {
          const current = status();
          if (current !== sent) {
            sent = current;
            yield { status: current };
          } else if (signal.aborted) throw ConnectError.from(signal.reason);
          else await health.changed(signal);
        }
      },
    },
    { readMaxBytes: MAX_SMALL_REQUEST, ...options },
  );
}
