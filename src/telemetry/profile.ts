// Profiles of this process, taken while it works: where its time goes, and what
// keeps its memory. Both are files that Chrome's DevTools and editors open.
//
// Of the memory this is a sample of which functions allocated what is still there: names
// and numbers. A snapshot of the heap would be more exact, and would hold every
// password, token and header that is in memory in clear text; it also stops the process
// for seconds and takes as much memory again.
import type { Session } from "node:inspector/promises";

export interface ProfileOptions {
  readonly seconds: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/** Takes a profile; undefined while another one is taken. */
export type TakeProfile = (kind: ProfileKind, options: ProfileOptions) => Promise<object | undefined>;

export type ProfileKind = "cpu" | "heap";

/** One sample for so many bytes allocated. Node's own default is 32 KiB. */
const HEAP_SAMPLE_BYTES = 32 * 1024;

/** One for the process: two profiles would measure each other. */
export function createProfiler(): TakeProfile {
  let isTaken = false;
  return async (kind, options) => {
    if (isTaken) return undefined;
    isTaken = true;
    try {
      // Loaded when it is needed, which is seldom.
      const inspector = await import("node:inspector/promises");
      const session = new inspector.Session();
      session.connect();
      try {
        return await (kind === "cpu" ? cpuProfile(session, options) : heapProfile(session, options));
      } finally {
        session.disconnect();
      }
    } finally {
      isTaken = false;
    }
  };
}

async function cpuProfile(session: Session, options: ProfileOptions): Promise<object> {
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await pause(options);
  const { profile } = await session.post("Profiler.stop");
  return profile;
}

async function heapProfile(session: Session, options: ProfileOptions): Promise<object> {
  await session.post("HeapProfiler.enable");
  await session.post("HeapProfiler.startSampling", { samplingInterval: HEAP_SAMPLE_BYTES });
  await pause(options);
  const { profile } = await session.post("HeapProfiler.stopSampling");
  return profile;
}

function pause({ seconds, signal }: ProfileOptions): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal.addEventListener("abort", end);
  });
}
