// The environment as a source of configuration. Every key has a variable; a
// variable of ours that is not known is a problem, never ignored.
import { suggest } from "./nearest.ts";
import type { ConfigProblem } from "./problem.ts";
import type { RawPath } from "./raw-tree.ts";
import {
  CONFIGURATION_PATH,
  isServiceVariable,
  PREFIX,
  resolveVariable,
  VARIABLE_NAMES,
  type Variable,
} from "./variable-name.ts";
import { parseYamlValue } from "./yaml-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One place in the configuration, set from outside the file. */
export interface Override {
  /** The variable or the option of the command line. */
  readonly name: string;
  readonly path: RawPath;
  readonly value: unknown;
}

export interface EnvironmentReading {
  /** Sections before what is in them. */
  readonly overrides: readonly Override[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads all REGISTRY_ variables. An empty one counts as not set. */
export function readEnvironment(
  environment: Environment,
  readText: (path: string) => string,
): EnvironmentReading {
  const overrides: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, value] of ourVariables(environment)) {
    try {
      overrides.push(readVariable(name, value, { environment, readText }));
    } catch (error) {
      problems.push({
        path: "",
        where: name,
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return { overrides, problems };
}

function ourVariables(environment: Environment): readonly (readonly [string, string])[] {
  return Object.entries(environment)
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "")
    .filter(
      ([name, value]) =>
        name.startsWith(PREFIX) && name !== CONFIGURATION_PATH && !isServiceVariable(name, value),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Sources {
  readonly environment: Environment;
  readonly readText: (path: string) => string;
}

function readVariable(name: string, value: string, { environment, readText }: Sources): Override {
  const variable = resolveVariable(name);
  if (variable === undefined) throw new Error(`unknown variable; ${suggest(name, VARIABLE_NAMES, "_")}`);
  if (!variable.fromFile) return { name, path: variable.path, value: readValue(variable, value) };
  const other = name.slice(0, -"_FILE".length);
  if (environment[other]) throw new Error(`${other} is set as well; keep one of the two`);
  const content = readText(value).replace(/\r?\n$/, "");
  return { name, path: variable.path, value: readValue(variable, content) };
}

function readValue({ verbatim }: Variable, value: string): unknown {
  return verbatim ? value : parseYamlValue(value);
}
