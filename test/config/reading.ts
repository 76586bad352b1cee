// Reads a configuration from text and variables, as a table of cases wants it.
import { type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { ConfigError, type ConfigProblem } from "../../src/config/problem.ts";

export interface Source {
  /** The file config.yml. Absent: no file. */
  readonly yaml?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Other files, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export function read({ yaml, environment = {}, files = {} }: Source): LoadedConfig {
  const all: Readonly<Record<string, string>> = {
    ...files,
    ...(yaml !== undefined && { "config.yml": yaml }),
  };
  const readText = (path: string) => {
    const text = all[path];
    if (text === undefined) throw new Error("there is no such file");
    return text;
  };
  return loadConfig({ environment, readText, ...(yaml !== undefined && { path: "config.yml" }) });
}

/** What is wrong; empty when all is well. */
export function problemsOf(source: Source): readonly ConfigProblem[] {
  try {
    read(source);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The problems as one line each. */
export function complaints(source: Source): readonly string[] {
  return problemsOf(source).map(({ where, path, message }) =>
    [where, path, message].filter((part) => part !== "").join(" "),
  );
}

/** A file with the lines that every file needs, then these. */
export function file(...lines: readonly string[]): string {
  return ["version: 0.1", ...lines, ""].join("\n");
}
