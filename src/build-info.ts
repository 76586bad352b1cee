// What runs here, as the build wrote it down: the version, the commit it was made of,
// and when.
import { readFileSync } from "node:fs";

export interface BuildInfo {
  /** "0.1.0" */
  readonly version: string;
  /** All 40 characters, with "-dirty" behind them where files differed from it; or "unknown". */
  readonly commit: string;
  /** "2026-11-21T20:31:53Z", or "unknown". */
  readonly buildTime: string;
}

const UNKNOWN = "unknown";

/** Of the package that this file belongs to. What is not built, a checkout, knows its version only. */
export function readBuildInfo(): BuildInfo {
  // dist/src/build-info.js lies a folder deeper than src/build-info.ts; only beside dist/src is there such a file.
  const built = readJson("../build-info.json");
  return {
    version: versionOf("../package.json") ?? versionOf("../../package.json") ?? UNKNOWN,
    commit: textOf(built.commit),
    buildTime: textOf(built.buildTime),
  };
}

function versionOf(place: string): string | undefined {
  const { name, version } = readJson(place);
  return name === "stowage" && typeof version === "string" ? version : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : UNKNOWN;
}

function readJson(place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
