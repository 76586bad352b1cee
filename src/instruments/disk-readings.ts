// How full the file system of the data is.
import { statfs } from "node:fs/promises";
import { type Reading, reading } from "../telemetry/metrics.ts";
import { METRICS } from "./metric-table.ts";

/** For processes without privileges, as df shows it. */
export async function diskReadings(folder: string): Promise<readonly Reading[]> {
  const { bsize, blocks, bavail } = await statfs(folder);
  return [reading(METRICS.freeBytes, {}, bavail * bsize), reading(METRICS.sizeBytes, {}, blocks * bsize)];
}
