// Health and the debug listener of a process, put together. Opened before the registry,
// so that it says that it is alive while it opens its data, and closed behind it.
import { isIPv6 } from "node:net";
import type { BuildInfo } from "./build-info.ts";
import type { Config } from "./config/config.ts";
import type { RawMap } from "./config/raw-tree.ts";
import { healthPages, profilePages } from "./telemetry/debug-pages.ts";
import { type DebugAnswer, type DebugPage, DebugServer, jsonAnswer } from "./telemetry/debug-server.ts";
import { type CheckStatus, Health } from "./telemetry/health.ts";
import type { Logger } from "./telemetry/logger.ts";
import { createProfiler } from "./telemetry/profile.ts";
import { blotSecrets } from "./telemetry/secrets.ts";

/** A page of metrics, in whatever format its content type says. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

export interface DebuggingOptions {
  readonly config: Config;
  /** What acts, in the file's own form, without secrets. */
  readonly effective: () => RawMap;
  readonly build: BuildInfo;
  readonly instanceId: string;
  readonly logger: Logger;
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told when readiness changes. */
  readonly changed: (isReady: boolean) => void;
  /** Absent: there is no page of metrics. */
  readonly metrics?: { readonly path: string; readonly page: () => Promise<MetricsPage> } | undefined;
}

/** What /debug/vars shows below "registry". */
type Figures = () => Promise<object>;

interface FiguresPlace {
  current: Figures | undefined;
}

export class Debugging {
  readonly health: Health;
  readonly #server: DebugServer | undefined;
  readonly #figures: FiguresPlace;

  private constructor(health: Health, server: DebugServer | undefined, figures: FiguresPlace) {
    this.health = health;
    this.#server = server;
    this.#figures = figures;
  }

  /** Rejects with the system's error when the debug listener's address cannot be listened on. */
  static async open(options: DebuggingOptions): Promise<Debugging> {
    const { config, logger, now, changed } = options;
    const health = new Health({ now, changed, report: (status) => tell(logger, status) });
    const figures: FiguresPlace = { current: undefined };
    const { address } = config.debug;
    if (address === undefined) return new Debugging(health, undefined, figures);
    const pages = pagesOf(options, health, () => figures.current?.());
    const report = (error: unknown, path: string) =>
      logger.error({ err: error, path }, "a debug page failed");
    const server = await DebugServer.open({ ...address, pages, report });
    const { address: host, port } = server.address;
    logger.info(
      { url: `http://${isIPv6(host) ? `[${host}]` : host}:${port}/debug` },
      "the debug listener is open",
    );
    return new Debugging(health, server, figures);
  }

  /** From now on these are the figures. Undefined: there are none any more. */
  show(figures: Figures | undefined): void {
    this.#figures.current = figures;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.health.close();
    await this.#server?.close();
  }
}

function tell(logger: Logger, { name, isHealthy, message, failures }: CheckStatus): void {
  if (isHealthy) logger.info({ check: name }, "a health check is well again");
  else logger.error({ check: name, reason: message ?? "", failures }, "a health check fails");
}

function pagesOf(
  options: DebuggingOptions,
  health: Health,
  figures: () => Promise<object> | undefined,
): readonly DebugPage[] {
  const { config, effective, metrics, now } = options;
  const { profiles } = config.debug;
  const isPrivate = profiles !== "everyone";
  const vars = varsPage(options, figures);
  const shown: DebugPage = {
    path: "/debug/config",
    about: "the configuration in effect, without secrets",
    isPrivate,
    answer: () => jsonAnswer(withoutSecrets(effective())),
  };
  const metricsPage: readonly DebugPage[] =
    metrics === undefined
      ? []
      : [
          {
            path: metrics.path,
            about: "metrics, for Prometheus",
            answer: (): Promise<DebugAnswer> => metrics.page(),
          },
        ];
  const guarded =
    profiles === "off" ? [] : [shown, ...profilePages({ take: createProfiler(), isPrivate, now })];
  return [...healthPages(health), vars, ...guarded, ...metricsPage];
}

function varsPage(
  { build, instanceId, now }: DebuggingOptions,
  figures: () => Promise<object> | undefined,
): DebugPage {
  const startTime = now();
  return {
    path: "/debug/vars",
    about: "what runs here, its memory, webhooks and store",
    answer: async () =>
      jsonAnswer({
        ...build,
        instanceId,
        startTime: new Date(startTime).toISOString(),
        uptimeSeconds: Math.round((now() - startTime) / 1000),
        memory: process.memoryUsage(),
        registry: (await figures()) ?? {},
      }),
  };
}

/** Names of fields are free, so that one may well be "password"; all else is blotted by its key. */
function withoutSecrets(effective: RawMap): RawMap {
  return "log" in effective ? { ...effective, log: blotSecrets(effective.log) } : effective;
}
