// What Linux tells of a process.
import { readFile } from "node:fs/promises";

/** Resident memory of a process, in megabytes (10^6 bytes). */
export interface ResidentMemory {
  readonly now: number;
  /** The highest it ever was. */
  readonly peak: number;
}

/** Reads /proc/PID/status, which counts in KiB. */
export async function residentMemory(pid: number): Promise<ResidentMemory> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return { now: megabytes(status, "VmRSS"), peak: megabytes(status, "VmHWM") };
}

function megabytes(status: string, name: string): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kibibytes === undefined) throw new Error(`no ${name} in /proc/PID/status`);
  return (Number(kibibytes) * 1024) / 1e6;
}
