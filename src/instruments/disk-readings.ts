// How full the file system of the data is, as metrics tell it.
import { type Reading, reading } from "../telemetry/metrics.ts";
import type { DiskSpace } from "./disk-space.ts";
import { METRICS } from "./metric-table.ts";

export async function diskReadings(disk: DiskSpace): Promise<readonly Reading[]> {
  const { freeBytes, sizeBytes } = await disk.read();
  return [reading(METRICS.freeBytes, {}, freeBytes), reading(METRICS.sizeBytes, {}, sizeBytes)];
}
