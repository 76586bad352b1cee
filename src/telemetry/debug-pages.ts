// The pages of the debug listener that every process has: health, and profiles.
import { type DebugAnswer, type DebugPage, failure, jsonAnswer } from "./debug-server.ts";
import type { Health } from "./health.ts";
import type { ProfileKind, TakeProfile } from "./profile.ts";

const UNAVAILABLE = 503;

/** /debug/health as distribution has it, and readiness and liveness apart. */
export function healthPages(health: Health): readonly DebugPage[] {
  return [
    {
      path: "/debug/health",
      about: "200 and {} when all is well, else 503 and what is not",
      answer: () => {
        const failing = health.statuses.filter(({ isHealthy }) => !isHealthy);
        const problems = failing.map(({ name, message }) => [name, message ?? ""] as const);
        return jsonAnswer(Object.fromEntries(problems), health.isReady ? 200 : UNAVAILABLE);
      },
    },
    {
      path: "/debug/health/live",
      about: "200 while the process answers at all, whatever else is wrong",
      answer: () => jsonAnswer({ status: "alive" }),
    },
    {
      path: "/debug/health/ready",
      about: "200 when requests are welcome, else 503; with every check",
      answer: () => jsonAnswer(readinessOf(health), health.isReady ? 200 : UNAVAILABLE),
    },
  ];
}

function readinessOf(health: Health): object {
  return {
    status: health.isReady ? "ready" : "unready",
    checks: health.statuses.map(({ name, isHealthy, message, failures, checkTime }) => ({
      name,
      status: isHealthy ? "healthy" : "unhealthy",
      ...(message !== undefined && { message }),
      ...(failures > 0 && { failures }),
      ...(checkTime !== undefined && { checked: new Date(checkTime).toISOString() }),
    })),
  };
}

const DEFAULT_SECONDS = 10;
const MAX_SECONDS = 60;

export interface ProfilePagesOptions {
  readonly take: TakeProfile;
  /** False: for everybody who can connect. */
  readonly isPrivate: boolean;
  /** Now, in milliseconds since 1970: names the files. */
  readonly now: () => number;
}

export function profilePages(options: ProfilePagesOptions): readonly DebugPage[] {
  const page = (kind: ProfileKind, about: string): DebugPage => ({
    path: `/debug/profile/${kind}`,
    about: `${about} during ?seconds=${DEFAULT_SECONDS}, at most ${MAX_SECONDS}`,
    isPrivate: options.isPrivate,
    answer: async ({ query, signal }) => {
      const seconds = Number(query.get("seconds") ?? DEFAULT_SECONDS);
      if (!(seconds > 0 && seconds <= MAX_SECONDS))
        return failure(400, `seconds must be a number above 0 and at most ${MAX_SECONDS}`);
      const profile = await options.take(kind, { seconds, signal });
      if (profile === undefined) return failure(409, "a profile is being taken already; ask again later");
      return download(profile, `stowage-${stamp(options.now())}.${kind}profile`);
    },
  });
  return [
    page("cpu", "where the time goes"),
    page("heap", "what allocates memory and keeps it, a sample without values,"),
  ];
}

function download(profile: object, fileName: string): DebugAnswer {
  return { contentType: "application/json", body: JSON.stringify(profile), fileName };
}

/** "20261121T203055Z" */
function stamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}
