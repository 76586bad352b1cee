// Metrics, where the configuration asks for them: nothing is counted for nobody.
import type { Config } from "./config/config.ts";
import type { DebuggingOptions } from "./debugging.ts";
import { type Build, Instruments } from "./instruments/instruments.ts";
import type { Log } from "./telemetry/log.ts";

export interface Measuring {
  readonly instruments: Instruments;
  /** For the debug listener. */
  readonly metrics: NonNullable<DebuggingOptions["metrics"]>;
}

export interface MeasuringOptions {
  readonly build: Build;
  readonly log: Pick<Log, "logger" | "dropped">;
}

/** Undefined: nobody could see them. */
export function beginMeasuring({ debug }: Config, options: MeasuringOptions): Measuring | undefined {
  const { address, metricsPath } = debug;
  if (address === undefined || metricsPath === undefined) return undefined;
  const { build, log } = options;
  const report = (error: unknown, source: string) =>
    log.logger.warn({ err: error, source }, "some metrics could not be read");
  const instruments = new Instruments({ build, report });
  instruments.watchLog(() => log.dropped);
  return { instruments, metrics: { path: metricsPath, page: () => instruments.page() } };
}
