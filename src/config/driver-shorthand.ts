// "storage: inmemory" and "auth: none" in one word, as distribution allows, most
// often in REGISTRY_STORAGE and REGISTRY_AUTH.
import { isRawMap, type RawMap } from "./raw-tree.ts";

/** What stands beside the drivers in the storage section, and stays when the driver changes. */
const STORAGE_OPTIONS: ReadonlySet<string> = new Set(["cache", "delete", "maintenance", "redirect", "tag"]);

/** Writes the one word out as a map. It replaces the driver that was chosen before. */
export function expandDriver(section: string, value: unknown, before: unknown): unknown {
  if (typeof value !== "string" || (section !== "storage" && section !== "auth")) return value;
  return { ...(section === "storage" ? optionsOf(before) : {}), [value]: {} };
}

function optionsOf(storage: unknown): RawMap {
  if (!isRawMap(storage)) return {};
  return Object.fromEntries(Object.entries(storage).filter(([key]) => STORAGE_OPTIONS.has(key)));
}

/** The drivers that a storage section names. */
export function driversOf(storage: unknown): readonly string[] {
  return isRawMap(storage) ? Object.keys(storage).filter((key) => !STORAGE_OPTIONS.has(key)) : [];
}
