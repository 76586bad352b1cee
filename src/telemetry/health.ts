// Whether the process is ready for requests: checks that run now and then, and the
// last word of each. Whether it is alive is another question, which no check decides.

/** Something that must be well. */
export interface HealthCheck {
  /** Unique. */
  readonly name: string;
  /** From the end of one run to the begin of the next. */
  readonly intervalMs: number;
  /** A run that takes longer has failed, and again each time when another one would have. The next begins when it has ended all the same. */
  readonly timeoutMs: number;
  /** So many failures in a row count. */
  readonly threshold: number;
  /** Rejects with an Error for people when something is wrong. */
  readonly check: (signal: AbortSignal) => Promise<void>;
}

/** The last word of a check. */
export interface CheckStatus {
  readonly name: string;
  /** False: it failed as often as counts, or has not been run yet. */
  readonly isHealthy: boolean;
  /** What was wrong the last time, also where it does not count yet. Absent: nothing. */
  readonly message?: string;
  /** In a row. */
  readonly failures: number;
  /** When the last run ended, in milliseconds since 1970. Absent: none has. */
  readonly checkTime?: number;
}

export interface HealthOptions {
  /** Now, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told when a check begins to fail and when it is well again. */
  readonly report: (status: CheckStatus) => void;
  /** Told when readiness changes. */
  readonly changed: (isReady: boolean) => void;
}

/** What the server is about, as it stands among the checks. */
const SERVER = "server";

type Phase = "starting" | "serving" | "draining";

const PHASE_MESSAGES = {
  starting: "it does not listen yet",
  draining: "it is stopping",
} as const;

export class Health {
  readonly #options: HealthOptions;
  #watches: readonly CheckWatch[] = [];
  #phase: Phase = "starting";
  #wasReady = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Begins to check. Resolves when every check has been run once. Call it once. */
  async begin(checks: readonly HealthCheck[]): Promise<void> {
    const { now, report } = this.#options;
    const told = (status: CheckStatus, isNews: boolean) => {
      if (isNews) report(status);
      this.#tell();
    };
    this.#watches = checks.map((check) => new CheckWatch(check, { now, told }));
    await Promise.all(this.#watches.map((watch) => watch.begin()));
  }

  /** Checks no more; what was found stays. Resolves when no check runs any more. */
  async close(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.close()));
  }

  /** The server takes requests. */
  listening(): void {
    if (this.#phase === "starting") this.#phase = "serving";
    this.#tell();
  }

  /** The server is about to stop. */
  draining(): void {
    this.#phase = "draining";
    this.#tell();
  }

  /** All checks, and the server itself, which is the first. */
  get statuses(): readonly CheckStatus[] {
    const phase = this.#phase;
    const server =
      phase === "serving"
        ? { name: SERVER, isHealthy: true, failures: 0 }
        : { name: SERVER, isHealthy: false, failures: 0, message: PHASE_MESSAGES[phase] };
    return [server, ...this.#watches.map(({ status }) => status)];
  }

  get isReady(): boolean {
    return this.#phase === "serving" && this.#watches.every(({ status }) => status.isHealthy);
  }

  #tell(): void {
    const { isReady } = this;
    if (isReady === this.#wasReady) return;
    this.#wasReady = isReady;
    this.#options.changed(isReady);
  }
}

interface WatchOptions {
  readonly now: () => number;
  /** Told after each run. isNews: it has begun to fail, or to be well again. */
  readonly told: (status: CheckStatus, isNews: boolean) => void;
}

/** One check, over and over. */
class CheckWatch {
  readonly #check: HealthCheck;
  readonly #options: WatchOptions;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  status: CheckStatus;

  constructor(check: HealthCheck, options: WatchOptions) {
    this.#check = check;
    this.#options = options;
    this.status = { name: check.name, isHealthy: false, failures: 0, message: "it was not checked yet" };
  }

  /** Resolves after the first run, or its time. */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      this.#running = this.#run(resolve);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(judged: () => void): Promise<void> {
    const { check, timeoutMs, intervalMs } = this.#check;
    const deadline = AbortSignal.timeout(timeoutMs);
    const late = () => {
      if (this.#closing.signal.aborted) return;
      this.#judge(`it takes longer than ${timeoutMs / 1000} s`);
      judged();
      // When the next run would have failed, so that one that never ends fails as often as counts.
      this.#timer = setTimeout(late, intervalMs + timeoutMs).unref();
    };
    deadline.addEventListener("abort", late);
    // A check that does not obey its signal, as a file system that hangs, is waited for: another would hang, too.
    const problem = await check(AbortSignal.any([deadline, this.#closing.signal])).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    deadline.removeEventListener("abort", late);
    clearTimeout(this.#timer);
    if (!deadline.aborted && !this.#closing.signal.aborted) this.#judge(problem);
    judged();
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#run(() => undefined);
    }, intervalMs);
    this.#timer.unref();
  }

  #judge(problem: string | undefined): void {
    const { name, threshold } = this.#check;
    const before = this.status;
    const failures = problem === undefined ? 0 : before.failures + 1;
    // Before the first run nothing is known, so that one failure is as bad as many.
    const isHealthy = failures < (before.checkTime === undefined ? 1 : threshold);
    const wasHealthy = before.checkTime === undefined || before.isHealthy;
    const stillFails = !before.isHealthy && failures > 0;
    this.status = {
      name,
      isHealthy: isHealthy && !stillFails,
      failures,
      checkTime: this.#options.now(),
      ...(problem !== undefined && { message: problem }),
    };
    this.#options.told(this.status, wasHealthy !== this.status.isHealthy);
  }
}

/** With what caused it, as system errors lie below others. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
