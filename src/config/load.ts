// Where the configuration is put together: the file, over it the environment,
// over it the options of the command line. All or nothing.
import { authKinds, IDENTITIES } from "./auth-kinds.ts";
import { type Marks, marksOf } from "./changes.ts";
import { type Config, toConfig } from "./config.ts";
import { expandDriver } from "./driver-shorthand.ts";
import { effectiveConfiguration } from "./effective-configuration.ts";
import { type Environment, type Override, readEnvironment } from "./environment.ts";
import { CONFIGURATION, SECTIONS } from "./keys.ts";
import { ConfigError, type ConfigProblem } from "./problem.ts";
import { formatPath, isRawMap, type RawMap, type RawPath, setAt } from "./raw-tree.ts";
import { readSecretFiles } from "./read-secret-files.ts";
import { readTable, type ValueProblem } from "./read-table.ts";
import { checkRules, keysWithoutEffect } from "./rules.ts";
import { CONFIGURATION_PATH } from "./variable-name.ts";
import { warningsOf } from "./warnings.ts";
import { parseYamlFile } from "./yaml-file.ts";

export interface ConfigSources {
  /** The file. Absent: what REGISTRY_CONFIGURATION_PATH names, else none. */
  readonly path?: string;
  readonly environment: Environment;
  /** Options of the command line; they win. */
  readonly options?: readonly Override[];
  /** Throws when the file cannot be read. */
  readonly readText: (path: string) => string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file it came from, if any. */
  readonly path?: string;
  /** Keys that are set and change nothing. */
  readonly withoutEffect: readonly string[];
  /** What acts, in the file's own form, with the defaults. Webhooks without their secrets. */
  readonly effective: RawMap;
  /** What is allowed, and yet seldom meant: one sentence each. */
  readonly warnings: readonly string[];
  /** For changesBetween: to tell what another reading has changed. */
  readonly marks: Marks;
}

/** Throws ConfigError with everything that is wrong. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const path = sources.path ?? (sources.environment[CONFIGURATION_PATH] || undefined);
  const file = path === undefined ? noFile() : readFile(path, sources.readText);
  const environment = readEnvironment(sources.environment, sources.readText);
  const overrides = [...environment.overrides, ...(sources.options ?? [])];
  const overridden = applyOverrides(file.root, overrides);
  const reading = readTable(CONFIGURATION, file.root);
  const { webhooks, problems: secretProblems } =
    reading.problems.length > 0
      ? { webhooks: [], problems: [] }
      : readSecretFiles(reading.values["notifications.endpoints"], sources.readText);
  const found = [...reading.problems, ...checkRules(file.root, reading), ...secretProblems];
  const locate = (at: RawPath) =>
    nameOfOverride(at, overrides) ?? (file.locate(at) || nameOfPart(at, overrides));
  const problems = [
    ...file.problems,
    ...environment.problems,
    ...overridden,
    ...found.map(toProblem(locate)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const { root } = file;
  const { given, values } = reading;
  const kinds = authKinds(root);
  const config = toConfig(values, { given, webhooks, kinds });
  return {
    config,
    ...(path !== undefined && { path }),
    withoutEffect: keysWithoutEffect(given),
    warnings: warningsOf(config),
    effective: effectiveConfiguration(given, { root, config }),
    marks: marksOf({
      auth: [config.auth.mode, ...IDENTITIES.filter((kind) => kinds?.has(kind))],
      ...values,
      "auth.issuer.enabled": config.auth.issuer !== undefined,
      "notifications.endpoints": webhooks,
    }),
  };
}

interface FileReading {
  readonly root: RawMap;
  readonly problems: readonly ConfigProblem[];
  readonly locate: (path: RawPath) => string;
}

/** A new tree each time: overrides are written into it. */
const noFile = (): FileReading => ({ root: {}, problems: [], locate: () => "" });

/** A file that cannot be read ends everything: what else is wrong cannot be known. */
function readFile(path: string, readText: ConfigSources["readText"]): FileReading {
  const { value, problems, locate } = parseYamlFile(path, readOrThrow(path, readText));
  if (problems.length > 0) throw new ConfigError(problems);
  if (!isRawMap(value))
    throw new ConfigError([{ path: "", where: path, message: "the file must hold a map of keys" }]);
  for (const section of ["storage", "auth"]) {
    if (section in value) value[section] = expandDriver(section, value[section], undefined);
  }
  return { root: value, problems: value.version === undefined ? [noVersion(path)] : [], locate };
}

function readOrThrow(path: string, readText: ConfigSources["readText"]): string {
  try {
    return readText(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path: "", where: path, message: `the file cannot be read: ${message}` }]);
  }
}

function noVersion(path: string): ConfigProblem {
  return { path: "version", where: path, message: 'it is missing; begin the file with "version: 0.1"' };
}

function applyOverrides(root: RawMap, overrides: readonly Override[]): readonly ConfigProblem[] {
  return overrides.flatMap(({ name, path, value }) => {
    const before = root[String(path[0])];
    const expanded = path.length === 1 ? expandDriver(String(path[0]), value, before) : value;
    const obstacle = setAt(root, path, expanded);
    return obstacle === undefined ? [] : [{ path: formatPath(path), where: name, message: obstacle }];
  });
}

/** What was set from outside at this place or above it, or in it; but not in a section, which many have a part in. */
function nameOfOverride(at: RawPath, overrides: readonly Override[]): string | undefined {
  const around = overrides.findLast(({ path }) => isBelow(at, path));
  const isWhole = at.length > 0 && !SECTIONS.has(formatPath(at));
  const inside = isWhole ? overrides.findLast(({ path }) => isBelow(path, at)) : undefined;
  return (around ?? inside)?.name;
}

/** Without a file: the first that has a part in the section. */
function nameOfPart(at: RawPath, overrides: readonly Override[]): string {
  return overrides.find(({ path }) => isBelow(path, at))?.name ?? "";
}

function isBelow(path: RawPath, above: RawPath): boolean {
  return above.every((part, index) => path[index] === part);
}

function toProblem(locate: (path: RawPath) => string): (problem: ValueProblem) => ConfigProblem {
  return ({ path, message }) => ({ path: formatPath(path), where: locate(path), message });
}
